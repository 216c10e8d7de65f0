//! A panic: one line in the function's log, then a trap. The message is left out where it would need formatting.

use core::arch::wasm32;
use core::panic::PanicInfo;

use crate::{log, Level, Text};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let mut line = Text::<256>::new();
    line.push("panic");
    if let Some(place) = info.location() {
        line.push(" at ").push(place.file()).push(":").push_u64(place.line().into());
    }
    if let Some(message) = info.message().as_str() {
        line.push(": ").push(message);
    }
    log(Level::Error, line.as_bytes());
    wasm32::unreachable()
}
