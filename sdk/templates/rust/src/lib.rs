//! Counts lines and bytes of its input: the object that `?object=BUCKET/KEY` names, or else the request's body.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{Answer, Request, Text};

#[inlay::function]
fn function(request: &Request) -> Answer {
    let source = request.input()?;
    let mut windows = source.windows(..)?;
    let mut lines = 0;
    // Nothing is read or copied: `view` is a slice over the pages that hold the bytes.
    while let Some(view) = windows.next_view()? {
        lines += view.iter().filter(|&&byte| byte == b'\n').count() as u64;
    }
    let mut json = Text::<64>::new();
    json.push("{\"lines\":").push_u64(lines).push(",\"bytes\":").push_u64(source.size()).push("}");
    request.response().content_type("application/json").bytes(json.as_bytes())
}

#[cfg(test)]
mod tests {
    use inlay::testing::Host;

    #[test]
    fn newlines_are_counted() {
        let answer = Host::new().body("one\ntwo\nthree").run(super::function);
        assert_eq!(answer.body, br#"{"lines":2,"bytes":13}"#);
    }

    #[test]
    fn an_object_that_is_not_there_is_named() {
        let answer = Host::new().parameter("object", "texts/absent").run(super::function);
        assert_eq!((answer.status, answer.body.as_slice()), (404, b"object=texts/absent: there is no such object\n".as_slice()));
    }
}
