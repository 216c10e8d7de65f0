//! Scales the points of a file by `by`: typed slices over windows, in and out, without a copy. The file is a `Header` and then `count` `Point`s.
//!
//! zerocopy is for what may lie anywhere: its little-endian numbers have no alignment. bytemuck is for ordinary types, whose slices the compiler
//! vectorises: it refuses bytes that do not lie at a multiple of their alignment. A window begins where its offset lies within its page, so
//! what is aligned in an object or a body is aligned in the window. What another function has handed over lies as its giver's pages do.
#![cfg_attr(target_arch = "wasm32", no_std)]

use bytemuck::{Pod, PodCastError, Zeroable};
use inlay::{About, Answer, Error, Failure, Request};
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Header {
    magic: [u8; 4],
    version: U32,
    count: U64,
}

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Point {
    x: f64,
    y: f64,
}

fn refusal(error: PodCastError) -> Failure {
    match error {
        PodCastError::TargetAlignmentGreaterAndInputNotAligned => Failure::Status(400, "the points are not aligned to 8 bytes"),
        _ => Failure::Status(400, "the last point is not whole"),
    }
}

#[inlay::function]
fn casts(request: &Request) -> Answer {
    let by = request.parameter_u64("by").about("by")?.unwrap_or(2) as f64;
    let at = request.parameter_u64("at").about("at")?.unwrap_or(0);
    let source = request.input()?;
    if at > source.size() {
        return Err(Error::Range).about("at");
    }
    let input = source.map(at..)?;
    let (header, rest) = Header::ref_from_prefix(&input).map_err(|_| Failure::Status(400, "there is no whole header"))?;
    if &header.magic != b"PNTS" || header.version != 1 {
        return Err(Failure::Status(400, "this is no file of points"));
    }
    let points: &[Point] = bytemuck::try_cast_slice(rest).map_err(refusal)?;
    if header.count != points.len() as u64 {
        return Err(Failure::Status(400, "there are not as many points as the header says"));
    }
    let mut output = request.output(rest.len() as u64)?;
    let scaled: &mut [Point] = bytemuck::try_cast_slice_mut(&mut output).map_err(refusal)?;
    for (scaled, point) in scaled.iter_mut().zip(points) {
        *scaled = Point { x: point.x * by, y: point.y * by };
    }
    request.response().output(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use inlay::testing::{Host, Outcome};

    fn file(points: &[Point]) -> Vec<u8> {
        let header = Header { magic: *b"PNTS", version: 1.into(), count: (points.len() as u64).into() };
        [header.as_bytes(), bytemuck::cast_slice(points)].concat()
    }

    fn on(offset: usize, content: &[u8]) -> Outcome {
        Host::new().body([&vec![7; offset], content].concat()).parameter("at", offset.to_string()).run(casts)
    }

    #[test]
    fn points_are_scaled_wherever_they_are_aligned() {
        let points: Vec<_> = (0..1000).map(|i| Point { x: f64::from(i), y: -0.5 }).collect();
        for offset in [0, 8, 4088, 4096, 8200] {
            let outcome = on(offset, &file(&points));
            let scaled: Vec<_> = outcome.body.chunks_exact(16).map(bytemuck::pod_read_unaligned::<Point>).collect();
            assert_eq!(scaled, points.iter().map(|point| Point { x: point.x * 2.0, y: -1.0 }).collect::<Vec<_>>());
            assert_eq!(outcome.copied, 0);
        }
    }

    #[test]
    fn a_header_may_lie_anywhere_and_points_may_not() {
        for offset in 1..8 {
            assert_eq!(on(offset, &file(&[Point::zeroed()])).body, b"the points are not aligned to 8 bytes\n", "{offset}");
        }
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let content = file(&[Point::zeroed(); 3]);
        for length in 0..content.len() {
            assert_eq!(on(0, &content[..length]).status, 400, "{length}");
        }
        assert_eq!(on(0, &[&content[..], &[0; 16]].concat()).status, 400);
    }
}
