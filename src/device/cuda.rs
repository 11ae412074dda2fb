//! Looks for an NVIDIA driver and GPU, without ever failing to start where there is none.
//!
//! Layout     first the driver library by the names the system would load, then one context on device 0, once per process
//! Refuses    a missing library, a driver that does not initialise, no device: each becomes a line of text
//! See also   `device`, `compile`

use std::sync::{Arc, OnceLock};

use cudarc::driver::{CudaContext, DriverError, sys};

use super::Found;
use crate::error::{Error, ErrorKind, Result};

const GIB: f64 = 1_073_741_824.0;

/// The context on the first GPU; `Device` error where there is none.
pub fn context() -> Result<Arc<CudaContext>> {
    opened().clone().map_err(|why| Error::new(ErrorKind::Device, "no CUDA device can be used").because(why))
}

/// A `Device` error of the driver, or a `Limit` error where the memory of the GPU is full.
pub fn failed(action: &str, error: DriverError) -> Error {
    let what = format!("the CUDA driver cannot {action}");
    match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Error::limit("the memory of the GPU is full").because(what),
        _ => Error::new(ErrorKind::Device, what).because(error),
    }
}

type Opened = std::result::Result<Arc<CudaContext>, String>;

fn opened() -> &'static Opened {
    static OPENED: OnceLock<Opened> = OnceLock::new();
    OPENED.get_or_init(open)
}

fn said(action: &str) -> impl Fn(DriverError) -> String {
    move |error| format!("the CUDA driver cannot {action}: {error}")
}

fn open() -> Opened {
    // SAFETY: only tries to load the system's own CUDA driver library by name, and reports whether that worked.
    if !unsafe { sys::is_culib_present() } {
        return Err("the NVIDIA driver library (libcuda) is not installed".to_string());
    }
    if CudaContext::device_count().map_err(said("count devices"))? < 1 {
        return Err("the CUDA driver sees no device".to_string());
    }
    CudaContext::new(0).map_err(said("open device 0"))
}

/// What was found; the search runs once.
pub(super) fn search() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(look)
}

fn look() -> Found {
    let context = opened().clone()?;
    let count = CudaContext::device_count().map_err(said("count devices"))?;
    let name = context.name().map_err(said("name device 0"))?;
    let (major, minor) = context.compute_capability().map_err(said("describe device 0"))?;
    let memory_bytes = context.total_mem().map_err(said("measure device 0"))?;
    let row = |key: &str, value: String| (key.to_string(), value);
    Ok(vec![
        row("cuda device", name),
        row("cuda devices", count.to_string()),
        row("compute capability", format!("{major}.{minor}")),
        row("device memory", format!("{:.1} GiB", memory_bytes as f64 / GIB)),
    ])
}
