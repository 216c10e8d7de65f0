//! Answers with the lines of its input that contain `word`, as `LC_ALL=C grep -aF` does.
//!
//! Lines in few runs leave as ranges of the input window; many runs are copied into one output window made to measure.
#![cfg_attr(target_arch = "wasm32", no_std)]

use inlay::{find_byte, About, Answer, Failure, Range, Request};

mod find;

use find::find;

const WORD_BYTES_MAX: usize = 1024;
const RANGES_MAX: usize = 1024;

/// Just past the newline before `at`, or `from`. Requires: a line begins at `from` <= `at`.
fn line_begin(text: &[u8], from: usize, at: usize) -> usize {
    text.get(from..at)
        .and_then(|before| before.iter().rposition(|byte| *byte == b'\n'))
        .map_or(from, |newline| from + newline + 1)
}

/// Just past the newline at or after `at`, or text.len().
fn line_end(text: &[u8], at: usize) -> usize {
    text.get(at..).and_then(|rest| find_byte(rest, b'\n')).map_or(text.len(), |newline| at + newline + 1)
}

/// Calls take(run) for each run of neighbouring lines that contain the word.
fn each_run<'t>(text: &'t [u8], word: &[u8], mut take: impl FnMut(&'t [u8])) {
    let mut give = |run: Option<&'t [u8]>| run.filter(|run| !run.is_empty()).into_iter().for_each(&mut take);
    if word.is_empty() {
        return give(Some(text));
    }
    let (mut begin, mut end) = (0, 0);
    while let Some(at) = find(text, end, word) {
        let line = line_begin(text, end, at);
        if line != end {
            give(text.get(begin..end));
            begin = line;
        }
        end = line_end(text, at + word.len());
    }
    give(text.get(begin..end));
}

#[inlay::function]
fn grep(request: &Request) -> Answer {
    let mut buffer = [0; WORD_BYTES_MAX];
    let Some(word) = request.parameter("word", &mut buffer).about("word")? else {
        return Err(Failure::Status(400, "word: this parameter is needed"));
    };
    if word.contains(&b'\n') {
        return Err(Failure::Status(400, "word: a newline is not allowed"));
    }
    let text = request.input()?.map(..)?;

    let mut ranges = [Range::EMPTY; RANGES_MAX + 1];
    let (mut count, mut size, mut last) = (0, 0, b'\n');
    each_run(&text, word, |run| {
        if let Some(place) = ranges.get_mut(count) {
            *place = run.into();
        }
        count += 1;
        size += run.len();
        last = run.last().copied().unwrap_or(b'\n');
    });
    let newline: &[u8] = if last == b'\n' { b"" } else { b"\n" };
    let response = request.response().content_type("text/plain");
    if count + newline.len() <= RANGES_MAX {
        if let Some(place) = ranges.get_mut(count) {
            *place = newline.into(); // an empty range adds nothing
        }
        return response.ranges(ranges.get(..=count).unwrap_or(&[]));
    }

    let mut output = request.output((size + newline.len()) as u64)?;
    let mut at = 0;
    let mut add = |run: &[u8]| {
        if let Some(place) = output.get_mut(at..at + run.len()) {
            place.copy_from_slice(run);
        }
        at += run.len();
    };
    each_run(&text, word, &mut add);
    add(newline);
    response.output(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::Host;

    fn found(word: &str, text: &[u8]) -> Vec<u8> {
        Host::new().parameter("word", word).body(text).run(grep).body
    }

    #[test]
    fn lines_with_the_word_are_given_whole() {
        assert_eq!(found("b", b"a\nbb\nxbx\nc\nb"), b"bb\nxbx\nb\n");
        assert_eq!(found("ab", b"aab\nba\n"), b"aab\n");
        assert_eq!(found("", b"a\nb"), b"a\nb\n");
        assert_eq!(found("z", b"a\nb"), b"");
        assert_eq!(found("b", b""), b"");
    }

    #[test]
    fn thousands_of_runs_are_gathered() {
        let text = b"yes\nno\n".repeat(5000);
        assert_eq!(found("yes", &text), b"yes\n".repeat(5000));
    }

    #[test]
    fn a_word_is_needed() {
        assert_eq!(Host::new().body("a").run(grep).status, 400);
    }
}
