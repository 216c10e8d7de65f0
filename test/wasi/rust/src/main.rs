//! Says what it was given, and changes its directory: the same as ../go and ../libc.

use std::io::Read;
use std::{env, fs, io, process};

fn tell_directory() -> io::Result<()> {
    let mut entries = fs::read_dir("/data")?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| entry.file_name());
    for entry in entries {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type()?.is_dir() {
            println!("directory: {name}");
        } else {
            println!("file: {name}, {} bytes", entry.metadata()?.len());
        }
    }
    Ok(())
}

fn change_directory() -> io::Result<()> {
    fs::create_dir_all("/data/made/deeper")?;
    fs::write("/data/made/deeper/part", "written")?;
    fs::rename("/data/made/deeper/part", "/data/made/whole")?;
    println!("made: {}", fs::read_to_string("/data/made/whole")?);
    fs::remove_file("/data/old")?;
    let gone = fs::metadata("/data/old").is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    println!("old: gone {gone}");
    println!("outside: refused {}", fs::read("/data/../etc/passwd").is_err());
    Ok(())
}

fn report() -> io::Result<i32> {
    let mut code = 0;
    for argument in env::args().skip(1) {
        println!("argument: {argument}");
        if let Some(number) = argument.strip_prefix("exit=") {
            code = number.parse().unwrap();
        }
    }
    println!("OWN: {}", env::var("OWN").unwrap_or_default());
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    println!("input: {} bytes", body.len());
    println!("one: {}", fs::read_to_string("/data/one")?);
    tell_directory()?;
    change_directory()?;
    eprintln!("to the log");
    Ok(code)
}

fn main() {
    process::exit(report().unwrap_or_else(|error| {
        eprintln!("{error}");
        90
    }));
}
