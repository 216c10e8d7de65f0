//! Columns of an Arrow IPC file, seen where they lie: its footer, and its record batches. No copies, no allocation, no panics: each
//! offset and length is checked before it is followed, and the work is bounded by the size of the file.
//!
//! The format: Columnar.html of arrow.apache.org, with File.fbs, Message.fbs and Schema.fbs.

use crate::flat::{piece, place, u32_at, Table, Vector};

const MAGIC: &[u8] = b"ARROW1";
const BEGIN_BYTES: usize = 8; // the magic, padded
const END_BYTES: usize = 10; // the footer's size and the magic
const FIELDS_MAX: usize = 65_536;
const DEPTH_MAX: usize = 64;
const BLOCK_BYTES: usize = 24;
const V4: u16 = 3;
const V5: u16 = 4;
const RECORD_BATCH: u8 = 3;
// Of Schema.fbs.
const TYPE_INT: u8 = 2;
const TYPE_FLOAT: u8 = 3;
const TYPE_UNION: u8 = 14;
const TYPE_BINARY_VIEW: u8 = 23;
const TYPE_UTF8_VIEW: u8 = 24;
const UNION_DENSE: u16 = 1;
/// By type: the buffers that a field has in a batch; views have more, whose number stands in the batch.
const BUFFERS: [usize; 27] = [0, 0, 2, 2, 3, 3, 2, 2, 2, 2, 2, 2, 2, 1, 1, 2, 1, 2, 2, 3, 3, 2, 0, 2, 2, 3, 3];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    NotAFile,
    BigEndian,
    Damaged,
    Compressed,
    Limit,
    NoColumn,
    Type,
}

pub type Read<T> = Result<T, Error>;

impl Error {
    pub fn is_about_column(self) -> bool {
        matches!(self, Error::NoColumn | Error::Type)
    }

    pub fn words(self) -> &'static str {
        match self {
            Error::NotAFile => "this is not an Arrow IPC file of format version 4 or 5",
            Error::BigEndian => "it is big-endian, and only little-endian ones are read",
            Error::Damaged => "it is damaged: an offset or a length in it does not fit",
            Error::Compressed => "its columns are compressed: write it without compression",
            Error::Limit => "it has too many columns, or they are nested too deeply",
            Error::NoColumn => "the file has no such column",
            Error::Type => "this is no plain column of whole numbers or floats of 8 to 64 bits",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Signed(usize), // bytes
    Unsigned(usize),
    Float(usize),
}

impl Type {
    pub fn bytes(self) -> usize {
        match self {
            Type::Signed(bytes) | Type::Unsigned(bytes) | Type::Float(bytes) => bytes,
        }
    }
}

pub struct File<'a> {
    bytes: &'a [u8],
    fields: Vector<'a>,
    batches: Vector<'a>,
    version: u16,
}

/// Where the parts of a column stand in each batch.
#[derive(Clone, Copy, Default)]
struct Place {
    node: usize,
    buffer: usize, // of the validity, if views had no further buffers
    views: usize,  // before it
}

/// A column, and how far one has come in it.
pub struct Column<'f, 'a> {
    file: &'f File<'a>,
    pub kind: Type,
    place: Place,
    batch: usize,
    bytes_left: usize, // heads and values that can still come: no more than the file has bytes
}

/// The column's rows in one batch.
pub struct Chunk<'a> {
    /// Where in the file the values lie.
    pub offset: usize,
    pub values: &'a [u8],
    /// A bit for each row, from the lowest on; 0: null. None: no row is.
    pub validity: Option<&'a [u8]>,
}

impl<'a> File<'a> {
    pub fn open(bytes: &'a [u8]) -> Read<File<'a>> {
        if bytes.len() < BEGIN_BYTES + END_BYTES || !bytes.starts_with(MAGIC) || !bytes.ends_with(MAGIC) {
            return Err(Error::NotAFile);
        }
        let end = bytes.len() - END_BYTES;
        let size = place(u32_at(bytes, end)?.into())?;
        let begin = end.checked_sub(size).filter(|begin| *begin >= BEGIN_BYTES).ok_or(Error::Damaged)?;
        let footer = Table::root(piece(bytes, begin, size)?)?;
        let schema = footer.table(1)?.ok_or(Error::Damaged)?;
        let (version, endianness) = (footer.u16(0)?, schema.u16(0)?);
        let file = File { bytes, fields: schema.vector(1, 4)?, batches: footer.vector(3, BLOCK_BYTES)?, version };
        match (version, endianness) {
            (V4 | V5, 0) => Ok(file),
            (V4 | V5, _) => Err(Error::BigEndian),
            _ => Err(Error::NotAFile),
        }
    }

    pub fn batches(&self) -> usize {
        self.batches.count
    }

    /// The first column of that name.
    pub fn column(&self, name: &[u8]) -> Read<Column<'_, 'a>> {
        let mut place = Place::default();
        for number in 0..self.fields.count {
            let field = self.fields.table(number)?;
            if field.vector(0, 1)?.bytes()? == name {
                let kind = type_of(&field)?;
                return Ok(Column { file: self, kind, place, batch: 0, bytes_left: self.bytes.len() });
            }
            self.pass(&field, &mut place, 1)?;
        }
        Err(Error::NoColumn)
    }

    /// Adds to the place what a field and its children have in a batch.
    fn pass(&self, field: &Table<'_>, place: &mut Place, depth: usize) -> Read<()> {
        let kind = field.u8(2)?;
        let buffers = BUFFERS.get(usize::from(kind)).filter(|_| kind != 0).ok_or(Error::Damaged)?;
        place.node += 1;
        if depth > DEPTH_MAX || place.node > FIELDS_MAX {
            return Err(Error::Limit);
        }
        if field.table(4)?.is_some() {
            place.buffer += 2; // indexes into a dictionary, whose children those of the field are
            return Ok(());
        }
        place.buffer += buffers;
        place.views += usize::from(matches!(kind, TYPE_BINARY_VIEW | TYPE_UTF8_VIEW));
        if kind == TYPE_UNION {
            let mode = field.table(3)?.map_or(Ok(0), |kind| kind.u16(0))?;
            place.buffer += usize::from(mode == UNION_DENSE) + usize::from(self.version == V4);
            // V4 has a validity for it
        }
        let children = field.vector(5, 4)?;
        for number in 0..children.count {
            self.pass(&children.table(number)?, place, depth + 1)?;
        }
        Ok(())
    }
}

fn type_of(field: &Table<'_>) -> Read<Type> {
    let table = field.table(3)?;
    let number = |at: usize| table.map_or(Ok(0), |table| table.u32(at));
    let kind = match field.u8(2)? {
        TYPE_INT => {
            let is_signed = table.map_or(Ok(0), |table| table.u8(1))? != 0;
            match number(0)? {
                bits @ (8 | 16 | 32 | 64) if is_signed => Some(Type::Signed(bits as usize / 8)),
                bits @ (8 | 16 | 32 | 64) => Some(Type::Unsigned(bits as usize / 8)),
                _ => None,
            }
        }
        TYPE_FLOAT => match table.map_or(Ok(0), |table| table.u16(0))? {
            precision @ (1 | 2) => Some(Type::Float(4 * usize::from(precision))),
            _ => None,
        },
        _ => None,
    };
    if field.table(4)?.is_some() {
        return Err(Error::Type);
    }
    kind.ok_or(Error::Type)
}

/// One batch's head, and where in the file its body lies.
struct Batch<'a> {
    table: Table<'a>,
    head_bytes: usize,
    body_offset: usize,
    body: &'a [u8],
}

impl<'a> Batch<'a> {
    fn at(file: &File<'a>, number: usize) -> Read<Batch<'a>> {
        let offset = place(file.batches.u64(number, 0)?)?;
        let head = piece(file.bytes, offset, place(file.batches.u32(number, 8)?.into())?)?;
        let body_offset = offset + head.len();
        let body = piece(file.bytes, body_offset, place(file.batches.u64(number, 16)?)?)?;
        // Since 0.15 of Arrow a head begins with ff ff ff ff.
        let prefix = if u32_at(head, 0)? == u32::MAX { 8 } else { 4 };
        let flat = piece(head, prefix, place(u32_at(head, prefix - 4)?.into())?)?;
        let message = Table::root(flat)?;
        let table = message.table(2)?.filter(|_| message.u8(1) == Ok(RECORD_BATCH)).ok_or(Error::Damaged)?;
        if table.table(3)?.is_some() {
            return Err(Error::Compressed);
        }
        Ok(Batch { table, head_bytes: flat.len(), body_offset, body })
    }

    /// The first `need` bytes of a buffer, and where in the body they lie.
    fn buffer(&self, number: usize, need: usize) -> Read<(usize, &'a [u8])> {
        let buffers = self.table.vector(2, 16)?;
        let offset = place(buffers.u64(number, 0)?)?;
        let whole = piece(self.body, offset, place(buffers.u64(number, 8)?)?)?;
        Ok((offset, piece(whole, 0, need)?))
    }

    /// How many buffers the first `views` columns of views have besides their two.
    fn view_buffers(&self, views: usize) -> Read<usize> {
        if views == 0 {
            return Ok(0);
        }
        let counts = self.table.vector(4, 8)?;
        let mut sum = 0;
        for number in 0..views {
            let count = place(counts.u64(number, 0)?)?;
            sum += Some(count).filter(|count| *count <= self.head_bytes).ok_or(Error::Damaged)?;
            // each takes 16 bytes there
        }
        Ok(sum)
    }
}

impl<'a> Column<'_, 'a> {
    /// The column's rows in the next batch that has any.
    pub fn next_chunk(&mut self) -> Read<Option<Chunk<'a>>> {
        while self.batch < self.file.batches.count {
            let batch = Batch::at(self.file, self.batch)?;
            self.batch += 1;
            let nodes = batch.table.vector(1, 16)?;
            let rows = place(batch.table.u64(0)?)?;
            let nulls = place(nodes.u64(self.place.node, 8)?)?;
            let buffer = self.place.buffer + batch.view_buffers(self.place.views)?;
            let bytes = rows.checked_mul(self.kind.bytes()).ok_or(Error::Damaged)?;
            if nodes.u64(self.place.node, 0)? != rows as u64 || nulls > rows {
                return Err(Error::Damaged);
            }
            // Neither heads nor values of different batches overlap: who says so would have the same bytes read for ever.
            let used = bytes.checked_add(batch.head_bytes).ok_or(Error::Damaged)?;
            self.bytes_left = self.bytes_left.checked_sub(used).ok_or(Error::Damaged)?;
            if rows == 0 {
                continue;
            }
            let (offset, values) = batch.buffer(buffer + 1, bytes)?;
            let validity = if nulls == 0 { None } else { Some(batch.buffer(buffer, rows.div_ceil(8))?.1) };
            return Ok(Some(Chunk { offset: batch.body_offset + offset, values, validity }));
        }
        Ok(None)
    }
}
