//! Makes one static library of Wasmtime's C API, and adds what that API lacks: exports found by index instead of by name, limits that
//! end a guest, machine code that is kept for the next compilation, and snapshots of an instance as a new module.
//! `src/engine/module_export.hpp`, `store_limits.hpp`, `code_cache.cpp`, `snapshot.cpp` and `engine.cpp` declare the additions for C++.
use std::borrow::Cow;
use std::collections::HashMap;
use std::future::{Future, ready};
use std::mem::MaybeUninit;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasmparser::{DataKind, Parser, Payload};
use wasmtime_c_api::wasmtime::{self, CacheStore, Config, Error, Extern, Instance, ModuleExport, ResourceLimiter, Val};
pub use wasmtime_c_api::*;
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// Where the export called `name` of the instance's module is: good for every instance of that module, null if there is none.
///
/// # Safety
/// `name` points to `length` bytes; `instance` belongs to `store`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inlay_module_export_new(
    store: WasmtimeStoreContextMut<'_>,
    instance: &Instance,
    name: *const u8,
    length: usize,
) -> Option<Box<ModuleExport>> {
    let name = std::str::from_utf8(unsafe { std::slice::from_raw_parts(name, length) }).ok()?;
    instance.module(&store).get_export_index(name).map(Box::new)
}

#[unsafe(no_mangle)]
pub extern "C" fn inlay_module_export_delete(_export: Box<ModuleExport>) {}

/// Writes the export of `instance` to `item`; false if `export` is of another module.
#[unsafe(no_mangle)]
pub extern "C" fn inlay_module_export_get(
    store: WasmtimeStoreContextMut<'_>,
    instance: &Instance,
    export: &ModuleExport,
    item: &mut MaybeUninit<wasmtime_extern_t>,
) -> bool {
    let Some(found) = instance.get_module_export(store, export) else { return false };
    item.write(found.into());
    true
}

/// What one instance may have, and what came of that. As `StoreLimits` of `src/engine/store_limits.hpp` has it.
#[repr(C)]
pub struct Limits {
    memory_bytes: u64,
    table_elements: u64,
    tables: u32,
    /// A guest that wants more ends; else it is told that there is no more.
    traps: bool,
    /// It has wanted more memory, and its module would have let it.
    was_refused: bool,
}

impl Limits {
    fn judge(&self, fits: bool) -> wasmtime::Result<bool> {
        if fits || !self.traps { Ok(fits) } else { Err(Error::msg("inlay: more than it may have here")) }
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired as u64 <= self.memory_bytes;
        self.was_refused |= !fits && maximum.is_none_or(|most| desired <= most);
        self.judge(fits)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.judge(desired as u64 <= self.table_elements)
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        self.tables as usize
    }

    fn memories(&self) -> usize {
        1
    }
}

struct LimitsPointer(*mut Limits);

// Used by whoever uses the store.
unsafe impl Send for LimitsPointer {}
unsafe impl Sync for LimitsPointer {}

impl LimitsPointer {
    /// # Safety
    /// As inlay_store_limit() says.
    unsafe fn limits<'a>(&self) -> &'a mut Limits {
        unsafe { &mut *self.0 }
    }
}

const _: () = assert!(size_of::<Limits>() == 24 && std::mem::offset_of!(Limits, traps) == 20 && std::mem::offset_of!(Limits, was_refused) == 21);
// Structures of one field, which that API keeps to itself: as large as the field, they begin with it.
const _: () = assert!(size_of::<wasmtime_store_t>() == size_of::<WasmtimeStore>() && align_of::<wasmtime_store_t>() == align_of::<WasmtimeStore>());
const _: () = assert!(size_of::<wasm_config_t>() == size_of::<Config>() && align_of::<wasm_config_t>() == align_of::<Config>());

/// Lets `limits` say from now on what the store's instance may have: what it says at the moment counts.
///
/// # Safety
/// `limits` outlives the store and is not written while the engine asks it: the store's own thread does both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inlay_store_limit(store: &mut wasmtime_store_t, limits: *mut Limits) {
    let store = unsafe { &mut *std::ptr::from_mut(store).cast::<WasmtimeStore>() };
    let limits = LimitsPointer(limits);
    store.limiter(move |_| unsafe { limits.limits() });
}

/// Memory that a module begins with is an image, shared until it is written, also where it is sparse, up to so many bytes. Else from 16 MiB on it
/// has to be half full, or each instance gets it copied.
#[unsafe(no_mangle)]
pub extern "C" fn inlay_config_dense_image(config: &mut wasm_config_t, bytes: u64) {
    let config = unsafe { &mut *std::ptr::from_mut(config).cast::<Config>() };
    config.memory_guaranteed_dense_image_size(bytes);
}

/// Code of single functions by what it was made of: so many bytes of both at most, which are checked as it is added to.
#[derive(Debug)]
pub struct CodeCache {
    functions: Mutex<HashMap<Vec<u8>, Kept>>,
    free_bytes: AtomicUsize,
}

#[derive(Debug)]
struct Kept {
    code: Vec<u8>,
    /// By a compilation of this process.
    is_used: bool,
}

impl CodeCache {
    fn add(&self, key: &[u8], code: Vec<u8>, is_used: bool) -> bool {
        let bytes = key.len() + code.len() + 2 * size_of::<u32>();
        let fits = self.free_bytes.fetch_update(Relaxed, Relaxed, |free| free.checked_sub(bytes)).is_ok();
        fits && self.functions.lock().is_ok_and(|mut functions| functions.insert(key.to_vec(), Kept { code, is_used }).is_none())
    }
}

impl CacheStore for CodeCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let mut functions = self.functions.lock().ok()?;
        let kept = functions.get_mut(key)?;
        kept.is_used = true;
        Some(Cow::Owned(kept.code.clone()))
    }

    fn insert(&self, key: &[u8], code: Vec<u8>) -> bool {
        self.add(key, code, true)
    }
}

/// The first part of so many bytes as a number says, and what follows it. None: there is less.
fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u32::from_le_bytes(*size) as usize)
}

/// With what inlay_code_cache_take() gave: pairs of a key and code, each behind its size as a little-endian u32. Ends where that is broken.
///
/// # Safety
/// `bytes` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inlay_code_cache_new(bytes: *const u8, length: usize, most: usize) -> Box<Arc<CodeCache>> {
    let cache = CodeCache { functions: Mutex::default(), free_bytes: AtomicUsize::new(most) };
    let mut rest = unsafe { std::slice::from_raw_parts(bytes, length) };
    while let Some((key, behind)) = split_sized(rest) {
        let Some((code, behind)) = split_sized(behind) else { break };
        cache.add(key, code.to_vec(), false);
        rest = behind;
    }
    Box::new(Arc::new(cache))
}

#[unsafe(no_mangle)]
pub extern "C" fn inlay_code_cache_delete(_cache: Box<Arc<CodeCache>>) {}

/// What was used since.
#[unsafe(no_mangle)]
pub extern "C" fn inlay_code_cache_take(cache: &Arc<CodeCache>, out: &mut wasm_byte_vec_t) {
    let mut bytes = Vec::new();
    if let Ok(functions) = cache.functions.lock() {
        for (key, kept) in functions.iter().filter(|(_, kept)| kept.is_used) {
            for part in [key, &kept.code] {
                bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
                bytes.extend_from_slice(part);
            }
        }
    }
    out.set_buffer(bytes);
}

#[unsafe(no_mangle)]
pub extern "C" fn inlay_config_code_cache(config: &mut wasm_config_t, cache: &Arc<CodeCache>) -> bool {
    let config = unsafe { &mut *std::ptr::from_mut(config).cast::<Config>() };
    config.enable_incremental_compilation(cache.clone()).is_ok()
}

/// The tool leaves an empty passive segment in the place of each one that has been applied, since code may name them by number. Where none does,
/// which a module without a data count says, they only cost each instance time.
fn without_spent_segments(module: Vec<u8>) -> wasmtime::Result<Vec<u8>> {
    Ok(rewritten_without(&module)?.unwrap_or(module))
}

/// None: it has to stay as it is.
fn rewritten_without(module: &[u8]) -> wasmtime::Result<Option<Vec<u8>>> {
    let mut made = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::DataCountSection { .. } => return Ok(None),
            Payload::DataSection(segments) => {
                let mut kept = wasm_encoder::DataSection::new();
                for segment in segments {
                    let segment = segment?;
                    if matches!(segment.kind, DataKind::Active { .. }) {
                        RoundtripReencoder.parse_data(&mut kept, segment).map_err(|error| Error::msg(error.to_string()))?;
                    }
                }
                made.section(&kept);
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    made.section(&wasm_encoder::RawSection { id, data: &module[range] });
                }
            }
        }
    }
    Ok(Some(made.finish()))
}

/// What an instance holds, read out once; what the snapshot asks for is answered from here, at once.
struct State<'a> {
    globals: HashMap<String, SnapshotVal>,
    memories: HashMap<String, &'a [u8]>,
}

impl InstanceState for State<'_> {
    fn global_get(&mut self, name: &str, _: ValType) -> impl Future<Output = SnapshotVal> + Send {
        ready(self.globals.remove(name).expect("read out below"))
    }

    fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) -> impl Future<Output = ()> + Send {
        contents(self.memories[name]);
        ready(())
    }
}

/// `entry` is run before the snapshot and gone from the module after it, and with it `_initialize`.
fn wizer_of(entry: &[u8]) -> Wizer {
    let mut wizer = Wizer::new();
    wizer.init_func(String::from_utf8_lossy(entry));
    wizer
}

fn give(made: wasmtime::Result<Vec<u8>>, out: &mut wasm_byte_vec_t) -> Option<Box<wasmtime_error_t>> {
    match made {
        Ok(bytes) => {
            out.set_buffer(bytes);
            None
        }
        Err(error) => Some(Box::new(error.into())),
    }
}

/// The binary module, with everything exported that a snapshot has to read. An error: it is not valid, or does what no snapshot can keep.
///
/// # Safety
/// The pointers point to as many bytes as is said; `out` is to be filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inlay_snapshot_prepare(
    module: *const u8,
    module_length: usize,
    entry: *const u8,
    entry_length: usize,
    out: &mut wasm_byte_vec_t,
) -> Option<Box<wasmtime_error_t>> {
    let (module, entry) = unsafe { (std::slice::from_raw_parts(module, module_length), std::slice::from_raw_parts(entry, entry_length)) };
    give(wizer_of(entry).instrument(module).map(|(_, prepared)| prepared), out)
}

/// `module` as it would be if it began where `instance`, made of what inlay_snapshot_prepare() gave for it, is now.
///
/// # Safety
/// The pointers point to as many bytes as is said; `instance` belongs to `store`; `out` is to be filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inlay_snapshot_take(
    module: *const u8,
    module_length: usize,
    entry: *const u8,
    entry_length: usize,
    mut store: WasmtimeStoreContextMut<'_>,
    instance: &Instance,
    out: &mut wasm_byte_vec_t,
) -> Option<Box<wasmtime_error_t>> {
    let (module, entry) = unsafe { (std::slice::from_raw_parts(module, module_length), std::slice::from_raw_parts(entry, entry_length)) };
    let wizer = wizer_of(entry);
    let context = match wizer.instrument(module) {
        Ok((context, _)) => context,
        Err(error) => return Some(Box::new(error.into())),
    };
    let exports: Vec<(String, Extern)> = instance.exports(&mut store).map(|export| (export.name().to_string(), export.into_extern())).collect();
    let mut state = State { globals: HashMap::new(), memories: HashMap::new() };
    let mut memories = Vec::new();
    for (name, item) in exports {
        match item {
            Extern::Global(global) => {
                let value = match global.get(&mut store) {
                    Val::I32(x) => SnapshotVal::I32(x),
                    Val::I64(x) => SnapshotVal::I64(x),
                    Val::F32(x) => SnapshotVal::F32(x),
                    Val::F64(x) => SnapshotVal::F64(x),
                    Val::V128(x) => SnapshotVal::V128(x.as_u128()),
                    _ => continue,
                };
                state.globals.insert(name, value);
            }
            Extern::Memory(memory) => memories.push((name, memory)),
            _ => {}
        }
    }
    for (name, memory) in &memories {
        state.memories.insert(name.clone(), memory.data(&store));
    }
    let made = {
        let mut snapshot = pin!(wizer.snapshot(&context, &mut state));
        match snapshot.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(made) => made,
            Poll::Pending => Err(Error::msg("the snapshot waits for something")),
        }
    };
    give(made.and_then(without_spent_segments), out)
}
