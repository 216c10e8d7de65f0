//! Upper-cases the ASCII letters of its input into an output window, which is the response or, with `into`, an object. With
//! `stream=1` the body is answered while it comes.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{About, Answer, Request, Text, NAME_BYTES_MAX};

const PART_BYTES: usize = 128 << 10; // as large as the pieces of a stream

fn upper_bytes(from: &[u8], to: &mut [u8]) {
    // Whole blocks, which compilers unroll: the host's deadline check comes once a round.
    let mut blocks = from.chunks_exact(64);
    let mut places = to.chunks_exact_mut(64);
    for (from, to) in blocks.by_ref().zip(places.by_ref()) {
        upper_each(from, to);
    }
    upper_each(blocks.remainder(), places.into_remainder());
}

#[inline(always)]
fn upper_each(from: &[u8], to: &mut [u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        let is_lower = from.wrapping_sub(b'a') < 26;
        *to = from ^ (u8::from(is_lower) << 5);
    }
}

/// The body while it comes, part by part through one output window.
fn upper_stream(request: &Request, content_type: &[u8]) -> Answer {
    let mut output = request.output(PART_BYTES as u64)?;
    let mut sender = request.response().content_type(content_type).sender()?;
    let mut receiver = request.receiver()?;
    while let Some(piece) = receiver.next_piece()? {
        for from in piece.chunks(PART_BYTES) {
            let Some(part) = output.get_mut(..from.len()) else { break };
            upper_bytes(from, part);
            sender.send(part)?;
        }
    }
    sender.end()
}

#[inlay::function]
fn upper(request: &Request) -> Answer {
    let mut buffer = [0; 1024];
    let content_type = request.field("Content-Type", &mut buffer).ok().flatten().unwrap_or(b"text/plain");
    if request.wants_stream() {
        return upper_stream(request, content_type);
    }
    let input = request.input()?.map(..)?;
    let mut output = request.output(input.len() as u64)?;
    upper_bytes(&input, &mut output);

    let mut buffer = [0; NAME_BYTES_MAX];
    let Some(name) = request.parameter("into", &mut buffer).about("into")? else {
        return request.response().content_type(content_type).output(output);
    };
    let size = output.publish(name, content_type).about("into")?;
    let mut json = Text::<{ 6 * NAME_BYTES_MAX + 64 }>::new(); // a byte of the name takes up to 6: \u001f
    json.push("{\"object\":").push_json(name).push(",\"bytes\":").push_u64(size).push("}\n");
    request.response().content_type("application/json").bytes(json.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::Host;

    #[test]
    fn letters_are_upper_cased() {
        let all: Vec<u8> = (0..=255).collect();
        let answer = Host::new().body(&all).run(upper);
        assert_eq!((answer.body, answer.copied), (all.to_ascii_uppercase(), 0));
    }

    #[test]
    fn the_output_may_become_an_object() {
        let answer = Host::new().body("abc").parameter("into", "b/k").run(upper);
        assert_eq!(answer.object("b/k").unwrap().content, b"ABC");
        assert_eq!(answer.body, b"{\"object\":\"b/k\",\"bytes\":3}\n");
        let refused = Host::new().body("abc").parameter("into", "bad").run(upper);
        assert_eq!((refused.status, &refused.body[..]), (400, &b"into=bad: this name is not allowed\n"[..]));
    }

    #[test]
    fn a_stream_is_answered_part_by_part() {
        let answer = Host::new().stream(&[b"ab", b"cd"]).run(upper);
        assert_eq!((&answer.body[..], answer.parts_sent), (&b"ABCD"[..], 2));
    }
}
