//! The end of a scope, for `GOO_SCOPE_ALLOC`.

use core::ffi::c_void;
use core::ptr;

use crate::capi::default::goo_free;

/// Frees what the variable at `variable` points to, through the default allocator, and makes it null. Nobody knows the
/// size any more: the allocator is told 0.
///
/// # Safety
///
/// 1. `variable` is null, or the address of a pointer that [`goo_free`] may be given.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn goo_scope_cleanup(variable: *mut *mut c_void) {
    // SAFETY: (1).
    let Some(variable) = (unsafe { variable.as_mut() }) else { return };
    let memory = core::mem::replace(variable, ptr::null_mut());
    // SAFETY: (1).
    unsafe { goo_free(memory, 0) };
}
