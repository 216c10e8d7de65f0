//! Which bytes of a block are newlines, spaces and printable, as bits: with SIMD where there is any.

/// Bytes whose classes fit the bits of a u64.
pub const BLOCK: usize = 64;

/// (newlines, spaces, printables); the lowest bit is the first byte.
#[cfg(target_feature = "simd128")]
#[inline]
pub fn classes(block: &[u8; BLOCK]) -> (u64, u64, u64) {
    use core::arch::wasm32::*;

    /// Moves `first` to the smallest signed byte, so that one signed comparison decides.
    #[inline]
    fn at_least_and_below(bytes: v128, first: u8, count: u8) -> v128 {
        let moved = i8x16_add(bytes, u8x16_splat(0x80u8.wrapping_sub(first)));
        i8x16_lt(moved, u8x16_splat(0x80u8.wrapping_add(count)))
    }

    let (mut newlines, mut spaces, mut printables) = (0, 0, 0);
    for number in 0..BLOCK / 16 {
        // SAFETY: 16 bytes of the block; loads need no alignment.
        let bytes = unsafe { v128_load(block.as_ptr().add(16 * number).cast()) };
        let space = v128_or(at_least_and_below(bytes, b'\t', 5), i8x16_eq(bytes, u8x16_splat(b' ')));
        newlines |= u64::from(i8x16_bitmask(i8x16_eq(bytes, u8x16_splat(b'\n')))) << (16 * number);
        spaces |= u64::from(i8x16_bitmask(space)) << (16 * number);
        printables |= u64::from(i8x16_bitmask(at_least_and_below(bytes, 0x21, 0x7f - 0x21))) << (16 * number);
    }
    (newlines, spaces, printables)
}

/// (newlines, spaces, printables); the lowest bit is the first byte.
#[cfg(not(target_feature = "simd128"))]
pub fn classes(block: &[u8; BLOCK]) -> (u64, u64, u64) {
    let bits = |is_in: fn(&u8) -> bool| block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from(is_in(byte)));
    (bits(|byte| *byte == b'\n'), bits(|byte| matches!(byte, 9..=13 | b' ')), bits(|byte| matches!(byte, 0x21..=0x7e)))
}
