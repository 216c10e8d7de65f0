//! Answers "ok": what a call costs when the function does nothing.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{Answer, Request};

#[inlay::function]
fn noop(request: &Request) -> Answer {
    request.response().content_type("text/plain").bytes("ok\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_answers_ok() {
        assert_eq!(inlay::testing::Host::new().run(super::noop).body, b"ok\n");
    }
}
