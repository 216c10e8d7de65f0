//! Makes one static library of Wasmtime's C API, and adds what that API lacks: exports found by index instead of by name, and limits that
//! end a guest. `src/engine/module_export.hpp` and `src/engine/store_limits.hpp` declare the additions for C++.
use std::mem::MaybeUninit;

use wasmtime_c_api::wasmtime::{Instance, ModuleExport, StoreLimitsBuilder};
pub use wasmtime_c_api::*;

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

/// Replaces the limits of a store: a guest that wants to grow beyond these traps, where it would otherwise be told that there is no more.
/// Requires: wasmtime_store_limiter() was called for that store.
#[unsafe(no_mangle)]
pub extern "C" fn inlay_store_trap_at_limits(mut store: WasmtimeStoreContextMut<'_>, memory_bytes: usize, table_elements: usize, tables: usize) {
    store.data_mut().store_limits = StoreLimitsBuilder::new()
        .memory_size(memory_bytes)
        .table_elements(table_elements)
        .instances(1)
        .tables(tables)
        .memories(1)
        .trap_on_grow_failure(true)
        .build();
}
