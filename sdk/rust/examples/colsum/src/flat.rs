//! Tables of a FlatBuffer that anybody may have written, as the reader of Arrow files needs them: what does not lie inside the
//! buffer is an error. Nothing is aligned for sure.
//!
//! A table begins with its distance back to its vtable, which says where in the table each field lies (0: absent). Vectors begin with
//! their count; texts are vectors of bytes. Offsets lead forward.

use crate::arrow::{Error, Read};

pub fn load<const N: usize>(bytes: &[u8], at: usize) -> Read<[u8; N]> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or(Error::Damaged)
}

pub fn u16_at(bytes: &[u8], at: usize) -> Read<u16> {
    load(bytes, at).map(u16::from_le_bytes)
}

pub fn u32_at(bytes: &[u8], at: usize) -> Read<u32> {
    load(bytes, at).map(u32::from_le_bytes)
}

pub fn u64_at(bytes: &[u8], at: usize) -> Read<u64> {
    load(bytes, at).map(u64::from_le_bytes)
}

/// A number of the file as a place in it, which cannot be there where it is too large for one.
pub fn place(number: u64) -> Read<usize> {
    usize::try_from(number).map_err(|_| Error::Damaged)
}

/// `length` bytes from `offset` on.
pub fn piece(bytes: &[u8], offset: usize, length: usize) -> Read<&[u8]> {
    bytes.get(offset..).and_then(|rest| rest.get(..length)).ok_or(Error::Damaged)
}

/// Where the offset that lies there leads.
fn follow(flat: &[u8], at: usize) -> Read<usize> {
    at.checked_add(place(u32_at(flat, at)?.into())?).ok_or(Error::Damaged)
}

#[derive(Clone, Copy)]
pub struct Table<'a> {
    flat: &'a [u8],
    at: usize,
    vtable: &'a [u8],
    size: usize,
}

/// Elements of `width` bytes each.
#[derive(Clone, Copy, Default)]
pub struct Vector<'a> {
    flat: &'a [u8],
    at: usize,
    width: usize,
    pub count: usize,
}

impl<'a> Table<'a> {
    pub fn root(flat: &'a [u8]) -> Read<Table<'a>> {
        Table::at(flat, follow(flat, 0)?)
    }

    fn at(flat: &'a [u8], at: usize) -> Read<Table<'a>> {
        let back = i64::from(u32_at(flat, at)? as i32);
        let vtable = usize::try_from(at as i64 - back).map_err(|_| Error::Damaged)?;
        let vtable = piece(flat, vtable, u16_at(flat, vtable)?.into())?;
        let size = usize::from(u16_at(vtable, 2)?);
        if size < 4 || piece(flat, at, size).is_err() {
            return Err(Error::Damaged);
        }
        Ok(Table { flat, at, vtable, size })
    }

    /// Where a field of so many bytes lies; None: it is absent.
    fn field(&self, number: usize, bytes: usize) -> Read<Option<usize>> {
        match u16_at(self.vtable, 4 + 2 * number) {
            Err(_) | Ok(0) => Ok(None),
            Ok(offset) if offset >= 4 && usize::from(offset) + bytes <= self.size => Ok(Some(self.at + usize::from(offset))),
            Ok(_) => Err(Error::Damaged),
        }
    }

    fn number<const N: usize>(&self, number: usize) -> Read<[u8; N]> {
        self.field(number, N)?.map_or(Ok([0; N]), |at| load(self.flat, at))
    }

    pub fn u8(&self, number: usize) -> Read<u8> {
        self.number(number).map(u8::from_le_bytes)
    }

    pub fn u16(&self, number: usize) -> Read<u16> {
        self.number(number).map(u16::from_le_bytes)
    }

    pub fn u32(&self, number: usize) -> Read<u32> {
        self.number(number).map(u32::from_le_bytes)
    }

    pub fn u64(&self, number: usize) -> Read<u64> {
        self.number(number).map(u64::from_le_bytes)
    }

    pub fn table(&self, number: usize) -> Read<Option<Table<'a>>> {
        self.field(number, 4)?.map(|at| Table::at(self.flat, follow(self.flat, at)?)).transpose()
    }

    /// Empty where it is absent.
    pub fn vector(&self, number: usize, width: usize) -> Read<Vector<'a>> {
        let Some(at) = self.field(number, 4)? else {
            return Ok(Vector::default());
        };
        let at = follow(self.flat, at)?;
        let count = place(u32_at(self.flat, at)?.into())?;
        let bytes = count.checked_mul(width).ok_or(Error::Damaged)?;
        piece(self.flat, at + 4, bytes)?;
        Ok(Vector { flat: self.flat, at: at + 4, width, count })
    }
}

impl<'a> Vector<'a> {
    /// Where element `number` lies. Errors: Damaged, where there is none.
    fn element(&self, number: usize) -> Read<usize> {
        if number < self.count {
            Ok(self.at + self.width * number)
        } else {
            Err(Error::Damaged)
        }
    }

    pub fn table(&self, number: usize) -> Read<Table<'a>> {
        Table::at(self.flat, follow(self.flat, self.element(number)?)?)
    }

    /// The u64 at an offset in an element.
    pub fn u64(&self, number: usize, offset: usize) -> Read<u64> {
        u64_at(self.flat, self.element(number)? + offset)
    }

    pub fn u32(&self, number: usize, offset: usize) -> Read<u32> {
        u32_at(self.flat, self.element(number)? + offset)
    }

    /// Of a vector of bytes: all.
    pub fn bytes(&self) -> Read<&'a [u8]> {
        piece(self.flat, self.at, self.count)
    }
}
