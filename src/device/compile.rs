//! Compiles CUDA C++ at run time, and keeps what was compiled.
//!
//! Layout     NVRTC makes PTX, which the driver makes into a module; modules are kept by their text for the life of the process, the one
//!            used longest ago making room
//! Refuses    a missing NVRTC library: `Device` error; a text that does not compile: `Internal` error with the compiler's first words
//! Cost       0.3 to 2 s a text the first time, nothing later
//! See also   `cuda`, `orbits::device::source`

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cudarc::driver::{CudaContext, CudaFunction, CudaModule};
use cudarc::nvrtc::{CompileError, CompileOptions, compile_ptx_with_opts, sys};

use super::cuda::{context, failed};
use crate::error::{Error, ErrorKind, Result};

/// Names a file with the library, for systems whose loader does not find it.
const LIBRARY: &str = "SPOLIA_NVRTC";
/// Modules kept.
const MOST_MODULES: usize = 32;
/// Architecture whose PTX every newer GPU can run.
const COMMON: &str = "compute_80";
/// Characters of a compiler's complaint that are shown.
const COMPLAINT: usize = 2000;

/// Whether NVRTC can be loaded: by the path in `SPOLIA_NVRTC`, else by the names that the system's loader knows.
fn library() -> std::result::Result<(), String> {
    static FOUND: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let look = || {
        if let Some(path) = std::env::var_os(LIBRARY) {
            let name = CString::new(path.as_bytes()).map_err(|_| format!("{LIBRARY} holds a zero byte"))?;
            // SAFETY: loads the library that the user names; once loaded, the loader gives the same one for its short name. It stays loaded.
            if unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_GLOBAL) }.is_null() {
                return Err(format!("{LIBRARY} names `{}`, which cannot be loaded", path.display()));
            }
        }
        // SAFETY: only tries to load the system's own NVRTC library by name, and reports whether that worked.
        if unsafe { sys::is_culib_present() } { Ok(()) } else { Err("the library libnvrtc is not installed".to_string()) }
    };
    FOUND.get_or_init(look).clone()
}

/// PTX of a program for a GPU architecture such as `compute_90`.
pub fn ptx(source: &str, architecture: &str) -> Result<cudarc::nvrtc::Ptx> {
    library().map_err(|why| {
        Error::new(ErrorKind::Device, "CUDA programs cannot be compiled")
            .because(why)
            .hint(format!("install CUDA's NVRTC (Python package nvidia-cuda-nvrtc), or name its file in {LIBRARY}"))
    })?;
    let options = vec![format!("--gpu-architecture={architecture}"), "--std=c++17".to_string()];
    compile_ptx_with_opts(source, CompileOptions { options, ..CompileOptions::default() }).map_err(|error| match error {
        CompileError::CompileError { log, nvrtc, .. } => {
            let log: String = log.to_string_lossy().chars().take(COMPLAINT).collect();
            Error::internal(format!("a CUDA program does not compile for {architecture}")).because(format!("{nvrtc}: {log}"))
        }
        other => Error::new(ErrorKind::Device, "NVRTC failed").because(other),
    })
}

type Kept = Mutex<Vec<(String, Arc<CudaModule>)>>;

/// The function `entry` of a program on the first GPU, compiled if it has not been before.
pub fn function(source: &str, entry: &str) -> Result<CudaFunction> {
    static KEPT: Kept = Mutex::new(Vec::new());
    let context = context()?;
    // A panic of another thread leaves the list as it was.
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let module = match kept.iter().position(|(text, _)| text == source) {
        Some(at) => kept.remove(at).1,
        None => module(&context, source)?,
    };
    kept.push((source.to_string(), Arc::clone(&module)));
    if kept.len() > MOST_MODULES {
        kept.remove(0);
    }
    module.load_function(entry).map_err(|e| failed("find a kernel", e))
}

fn module(context: &Arc<CudaContext>, source: &str) -> Result<Arc<CudaModule>> {
    let (major, minor) = context.compute_capability().map_err(|e| failed("describe device 0", e))?;
    // A compiler older than the GPU makes code for the common architecture instead, which the driver brings up to date.
    let program = match ptx(source, &format!("compute_{major}{minor}")) {
        Err(error) if error.kind() == ErrorKind::Internal => ptx(source, COMMON)?,
        program => program?,
    };
    context.load_module(program).map_err(|e| failed("load a program", e))
}
