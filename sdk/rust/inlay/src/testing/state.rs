//! One invocation over a [`Host`]: its sources, its windows, and what it has staged.

use std::alloc::{alloc_zeroed, dealloc, handle_alloc_error, Layout};
use std::rc::Rc;

use super::{Host, Outcome, Published};
use crate::{raw, Level};

/// Bytes after a window that can be loaded.
const PAST_WINDOW_BYTES: usize = 64;
/// The address of a window has the alignment that its offset has within so many bytes.
const PAGE_BYTES: usize = 4096;
/// Pieces of sources below this size are copied.
const COPIED_BELOW_BYTES: usize = 16 << 10;

/// Memory under a window. It stays until the invocation ends, also after unmap.
struct Pages {
    pages: *mut u8,
    layout: Layout,
    begin: *mut u8, // in the first page
    length: usize,
    source: Option<u32>,
    flags: u32,
    is_mapped: bool,
}

impl Pages {
    /// Whether a server copies it, into pages of its own, and copies it again when it is handed over.
    fn is_small(&self) -> bool {
        self.source.is_some() && self.length < COPIED_BELOW_BYTES
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: made by alloc_zeroed, of that layout.
        unsafe { dealloc(self.pages, self.layout) };
    }
}

/// The bytes of a source, and how far into a page they begin: not at 0 where a function has handed them over out of the middle of a window.
#[derive(Clone, Default)]
pub(super) struct Content {
    pub bytes: Rc<[u8]>,
    pub place: usize,
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Content {
        Content { bytes: bytes.into(), place: 0 }
    }
}

/// A piece of content: in a window, as it is at the end, or bytes that were copied.
pub(super) enum Piece {
    Window { number: usize, offset: usize, length: usize },
    Own(Vec<u8>),
}

pub(super) struct State {
    pub host: Host,
    pub sources: Vec<Option<Content>>,
    windows: Vec<Pages>,
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub content: Vec<Piece>,
    pub has_responded: bool,
    pub parts_sent: usize,
    pub received: usize,
    pub piece: Option<usize>, // the address of the piece that was received
    pub published: Vec<(Vec<u8>, Vec<u8>, Vec<Piece>)>,
    pub called: Vec<Published>, // by functions that were called
    pub children: Vec<Option<raw::CallResult>>,
    pub logs: Vec<(Level, String)>,
    pub copied: u64,
    pub mapped: u64,
    pub clock_ns: u64,
    pub dice: u64,
}

impl State {
    pub fn new(host: Host) -> State {
        let sources = if host.inputs.is_empty() {
            vec![Some(Content::default())]
        } else {
            host.inputs.iter().cloned().map(Some).collect()
        };
        State {
            host,
            sources,
            windows: Vec::new(),
            status: 200,
            fields: Vec::new(),
            content: Vec::new(),
            has_responded: false,
            parts_sent: 0,
            received: 0,
            piece: None,
            published: Vec::new(),
            called: Vec::new(),
            children: Vec::new(),
            logs: Vec::new(),
            copied: 0,
            mapped: 0,
            clock_ns: 0,
            dice: 1,
        }
    }

    pub fn add_source(&mut self, content: Content) -> raw::Source {
        let size = content.bytes.len() as u64;
        self.sources.push(Some(content));
        raw::Source { id: self.sources.len() as u32 - 1, reserved: 0, size }
    }

    /// A window with these bytes, then zeros, at the beginning of a page.
    pub fn add_window(&mut self, bytes: &[u8], length: usize) -> raw::Range {
        self.add_pages(0, bytes, length, None)
    }

    /// The same `place` bytes into a page; of a source, where it is told with its flags.
    fn add_pages(&mut self, place: usize, bytes: &[u8], length: usize, source: Option<(u32, u32)>) -> raw::Range {
        if length == 0 {
            return raw::Range::default();
        }
        let layout = Layout::from_size_align(place + length + PAST_WINDOW_BYTES, PAGE_BYTES).expect("a window's size");
        // SAFETY: the layout is not empty, and has room for `bytes`, at most `length` of them, behind `place`.
        let (pages, begin) = unsafe {
            let pages = alloc_zeroed(layout);
            if pages.is_null() {
                handle_alloc_error(layout);
            }
            let begin = pages.add(place);
            begin.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            (pages, begin)
        };
        let flags = source.map_or(0, |(_, flags)| flags);
        self.windows.push(Pages { pages, layout, begin, length, source: source.map(|(id, _)| id), flags, is_mapped: true });
        self.mapped += length as u64;
        raw::Range { address: begin as usize, length }
    }

    /// Maps a piece of a source; a code where that cannot be.
    pub fn map(&mut self, source: u32, offset: u64, length: u64, flags: u32) -> Result<raw::Range, i32> {
        let Content { bytes, place } = self.sources.get(source as usize).and_then(|one| one.clone()).ok_or(raw::E_ABSENT)?;
        let end = offset.checked_add(length).ok_or(raw::E_RANGE)?;
        if flags > raw::MAP_RANDOM + raw::MAP_PRIVATE {
            return Err(raw::E_ARGUMENT);
        }
        if end > bytes.len() as u64 {
            return Err(raw::E_RANGE);
        }
        let (begin, end) = (offset as usize, end as usize);
        Ok(self.add_pages((place + begin) % PAGE_BYTES, &bytes[begin..end], end - begin, Some((source, flags))))
    }

    /// The source and the flags of the window that begins there.
    pub fn source_of(&self, address: usize) -> Option<(u32, u32)> {
        let window = self.windows.iter().find(|window| window.is_mapped && window.begin as usize == address)?;
        Some((window.source?, window.flags))
    }

    pub fn unmap(&mut self, address: usize) -> i32 {
        match self.windows.iter_mut().find(|window| window.is_mapped && window.begin as usize == address) {
            Some(window) => {
                window.is_mapped = false;
                0
            }
            None => raw::E_ABSENT,
        }
    }

    pub fn windows(&self) -> usize {
        self.windows.iter().filter(|window| window.is_mapped).count()
    }

    /// REQUIRES: the range is memory that can be read.
    pub unsafe fn take_piece(&mut self, range: raw::Range) -> Piece {
        let is_in = |window: &Pages| {
            let begin = window.begin as usize;
            window.is_mapped && begin <= range.address && range.address + range.length <= begin + window.length
        };
        match self.windows.iter().position(is_in) {
            Some(number) if self.windows[number].flags & raw::MAP_PRIVATE == 0 => {
                Piece::Window { number, offset: range.address - self.windows[number].begin as usize, length: range.length }
            }
            _ => {
                self.copied += range.length as u64;
                // SAFETY: by contract.
                Piece::Own(unsafe { std::slice::from_raw_parts(range.address as *const u8, range.length) }.to_vec())
            }
        }
    }

    /// What is handed over to another function: the bytes, beginning where they lie here.
    pub fn content_of(&self, pieces: &[Piece]) -> Content {
        let place = match pieces.first() {
            Some(Piece::Window { number, offset, .. }) if !self.windows[*number].is_small() => {
                (self.windows[*number].begin as usize + offset) % PAGE_BYTES
            }
            _ => 0,
        };
        Content { bytes: self.bytes_of(pieces).into(), place }
    }

    /// What the pieces hold now.
    pub fn bytes_of(&self, pieces: &[Piece]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Own(own) => bytes.extend_from_slice(own),
                Piece::Window { number, offset, length } => {
                    // SAFETY: pages stay until the state is gone, and the function does not write meanwhile.
                    let piece = unsafe { std::slice::from_raw_parts(self.windows[*number].begin.add(*offset), *length) };
                    bytes.extend_from_slice(piece);
                }
            }
        }
        bytes
    }

    pub fn outcome(self, code: i32) -> Outcome {
        let staged = self.published.iter().map(|(name, content_type, pieces)| Published {
            name: text(name),
            content_type: text(content_type),
            content: self.bytes_of(pieces),
        });
        let published = if code == 0 { self.called.iter().cloned().chain(staged).collect() } else { Vec::new() };
        Outcome {
            code,
            status: self.status,
            body: self.bytes_of(&self.content),
            place: self.content_of(&self.content).place,
            parts_sent: self.parts_sent,
            published,
            copied: self.copied,
            windows: self.windows(),
            fields: self.fields,
            logs: self.logs,
        }
    }
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
