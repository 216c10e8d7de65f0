//! Functions under test, natively and without a server: a host of one invocation, made of values.
//!
//! ```
//! use inlay::testing::Host;
//!
//! fn greet(request: &inlay::Request) -> inlay::Answer {
//!     let mut name = [0; 64];
//!     let name = request.parameter("name", &mut name)?.unwrap_or(b"you");
//!     request.response().ranges(&["hello ".into(), name.into()])
//! }
//!
//! let answer = Host::new().parameter("name", "Ada").run(greet);
//! assert_eq!((answer.status, &answer.body[..]), (200, &b"hello Ada"[..]));
//! ```
//!
//! It answers as a server does as far as a function can tell, with these differences: windows are copies; there are no limits
//! and no deadlines; spawned functions run when they are spawned; what a callee publishes, its caller stages at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::{error, raw, Answer, Level, Request};

mod state;
pub(crate) mod stub;
mod stub_calls;

use state::{Content, State};

pub(crate) type Function = fn(&Request) -> Answer;

/// What an invocation finds: the request, the objects, other functions.
#[derive(Clone, Default)]
pub struct Host {
    parts: BTreeMap<(u32, Vec<u8>), Vec<u8>>,
    inputs: Vec<Content>,
    pieces: Option<Vec<Rc<[u8]>>>,
    objects: BTreeMap<Vec<u8>, Rc<[u8]>>,
    functions: BTreeMap<Vec<u8>, Function>,
    wall_clock_ns: u64,
}

/// An object that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    pub name: String,
    pub content_type: String,
    pub content: Vec<u8>,
}

/// What an invocation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What `inlay_handle` returned; 0: it succeeded.
    pub code: i32,
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// How far into a page the body begins: what its caller sees of it begins there, too.
    place: usize,
    /// Parts that were sent, whose contents make the body; 0: it was responded.
    pub parts_sent: usize,
    /// Empty where the invocation failed.
    pub published: Vec<Published>,
    pub logs: Vec<(Level, String)>,
    /// Content bytes that a host copies: responses and objects that did not lie in windows.
    pub copied: u64,
    /// Windows that were mapped at the end, those that were responded among them.
    pub windows: usize,
}

impl Outcome {
    /// The response's field, for a name in any case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The object of that name, if it was published; its last version.
    pub fn object(&self, name: &str) -> Option<&Published> {
        self.published.iter().rev().find(|object| object.name == name)
    }
}

impl Host {
    /// A GET of `/f/function` without anything.
    pub fn new() -> Host {
        let parts = [
            (raw::PART_METHOD, "GET"),
            (raw::PART_PATH, "/f/function"),
            (raw::PART_REST, ""),
            (raw::PART_QUERY, ""),
            (raw::PART_FUNCTION, "function"),
            (raw::PART_INVOCATION, "0"),
        ];
        let parts = parts.map(|(part, text)| ((part, Vec::new()), text.as_bytes().to_vec()));
        Host { parts: parts.into(), wall_clock_ns: 1_700_000_000_000_000_000, ..Host::default() }
    }

    fn part(mut self, part: u32, name: &str, value: impl AsRef<[u8]>) -> Host {
        let name = name.to_ascii_lowercase_if(part == raw::PART_HEADER);
        self.parts.insert((part, name), value.as_ref().to_vec());
        self
    }

    pub fn method(self, method: &str) -> Host {
        self.part(raw::PART_METHOD, "", method)
    }

    pub fn path(self, path: &str, rest: &str) -> Host {
        self.part(raw::PART_PATH, "", path).part(raw::PART_REST, "", rest)
    }

    /// The raw query. Its parameters are given apart, by [`Host::parameter`].
    pub fn query(self, query: &str) -> Host {
        self.part(raw::PART_QUERY, "", query)
    }

    /// A query parameter, as it is when decoded.
    pub fn parameter(self, name: &str, value: impl AsRef<[u8]>) -> Host {
        self.part(raw::PART_PARAMETER, name, value)
    }

    /// A field of the request.
    pub fn field(self, name: &str, value: impl AsRef<[u8]>) -> Host {
        self.part(raw::PART_HEADER, name, value)
    }

    /// A variable given at deploy.
    pub fn env(self, name: &str, value: impl AsRef<[u8]>) -> Host {
        self.part(raw::PART_ENV, name, value)
    }

    /// The request body, of a POST.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Host {
        self.inputs = vec![body.as_ref().into()];
        self.method("POST")
    }

    /// The inputs of a call.
    pub fn inputs(mut self, inputs: &[&[u8]]) -> Host {
        self.inputs = inputs.iter().map(|input| Content::from(*input)).collect();
        self.method("POST")
    }

    /// A stream, whose body comes in these pieces.
    pub fn stream(mut self, pieces: &[&[u8]]) -> Host {
        self.pieces = Some(pieces.iter().filter(|piece| !piece.is_empty()).map(|piece| Rc::from(*piece)).collect());
        self.parameter("stream", "1").method("POST")
    }

    /// An object "BUCKET/KEY".
    pub fn object(mut self, name: &str, content: impl AsRef<[u8]>) -> Host {
        self.objects.insert(name.into(), content.as_ref().into());
        self
    }

    /// Another function, which can be called.
    pub fn function(mut self, name: &str, function: Function) -> Host {
        self.functions.insert(name.into(), function);
        self
    }

    /// What the wall clock shows.
    pub fn wall_clock_ns(mut self, nanoseconds: u64) -> Host {
        self.wall_clock_ns = nanoseconds;
        self
    }

    /// Runs the function as one invocation on this thread.
    pub fn run(&self, function: Function) -> Outcome {
        RUNNING.with_borrow_mut(|running| running.push(State::new(self.clone())));
        let pop = Pop;
        let request = Request::new();
        let code = error::conclude(&request, function(&request));
        std::mem::forget(pop);
        let state = RUNNING.with_borrow_mut(|running| running.pop()).expect("it was pushed above");
        state.outcome(code)
    }
}

trait Lowercase {
    fn to_ascii_lowercase_if(&self, does: bool) -> Vec<u8>;
}

impl Lowercase for str {
    fn to_ascii_lowercase_if(&self, does: bool) -> Vec<u8> {
        if does { self.to_ascii_lowercase() } else { self.to_string() }.into_bytes()
    }
}

thread_local! {
    /// The invocations of this thread, each called by the one before.
    static RUNNING: RefCell<Vec<State>> = const { RefCell::new(Vec::new()) };
}

/// Takes an invocation away that has panicked.
struct Pop;

impl Drop for Pop {
    fn drop(&mut self) {
        RUNNING.with_borrow_mut(|running| running.pop());
    }
}

/// Calls `with` with the state of the invocation that runs on this thread.
fn state<T>(with: impl FnOnce(&mut State) -> T) -> T {
    RUNNING.with_borrow_mut(|running| with(running.last_mut().expect("no inlay::testing::Host runs on this thread")))
}
