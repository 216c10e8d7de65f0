//! Answers with its input and the request's Content-Type; the bytes leave from the pages they lie in.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{Answer, Error, Failure, Request};

#[inlay::function]
fn echo(request: &Request) -> Answer {
    let input = request.input()?.map(..)?;
    let mut buffer = [0; 1023];
    let content_type = match request.field("Content-Type", &mut buffer) {
        Err(Error::Argument) => return Err(Failure::Status(400, "Content-Type: this is too long")),
        found => found.ok().flatten().unwrap_or(b""),
    };
    request.response().content_type(content_type).window(input)
}

#[cfg(test)]
mod tests {
    use inlay::testing::Host;

    #[test]
    fn it_answers_with_the_input_and_its_type() {
        let answer = Host::new().field("content-type", "text/x-own").body("as it is").run(super::echo);
        assert_eq!((&answer.body[..], answer.field("Content-Type")), (&b"as it is"[..], Some("text/x-own")));
        assert_eq!(answer.copied, 0);
    }

    #[test]
    fn an_absent_object_is_a_404_that_names_it() {
        let answer = Host::new().parameter("object", "b/absent").run(super::echo);
        assert_eq!((answer.code, answer.status), (0, 404));
        assert_eq!(answer.body, b"object=b/absent: there is no such object\n");
    }
}
