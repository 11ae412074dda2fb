//! Looks for an NVIDIA driver and GPU, without ever failing to start where there is none.
//!
//! Layout     first the driver library by the names the system would load, then one context on device 0, once per process
//! Refuses    a missing library, a driver that does not initialise, no device: each becomes a line of text
//! See also   `device`

use std::sync::OnceLock;

use cudarc::driver::{CudaContext, sys};

use super::Found;

const GIB: f64 = 1_073_741_824.0;

/// What was found; the search runs once.
pub(super) fn search() -> &'static Found {
    static FOUND: OnceLock<Found> = OnceLock::new();
    FOUND.get_or_init(look)
}

fn look() -> Found {
    // SAFETY: only tries to load the system's own CUDA driver library by name, and reports whether that worked.
    if !unsafe { sys::is_culib_present() } {
        return Err("the NVIDIA driver library (libcuda) is not installed".to_string());
    }
    let said = |action: &str, error: cudarc::driver::DriverError| format!("the CUDA driver cannot {action}: {error}");
    let count = CudaContext::device_count().map_err(|e| said("count devices", e))?;
    if count < 1 {
        return Err("the CUDA driver sees no device".to_string());
    }
    let context = CudaContext::new(0).map_err(|e| said("open device 0", e))?;
    let name = context.name().map_err(|e| said("name device 0", e))?;
    let (major, minor) = context.compute_capability().map_err(|e| said("describe device 0", e))?;
    let memory_bytes = context.total_mem().map_err(|e| said("measure device 0", e))?;
    let row = |key: &str, value: String| (key.to_string(), value);
    Ok(vec![
        row("cuda device", name),
        row("cuda devices", count.to_string()),
        row("compute capability", format!("{major}.{minor}")),
        row("device memory", format!("{:.1} GiB", memory_bytes as f64 / GIB)),
    ])
}
