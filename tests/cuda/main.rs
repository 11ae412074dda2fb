//! The CUDA path of orbits, checked three ways: NVRTC compiles it, a C++ compiler runs it on the processor, a GPU runs it.
//!
//! Layout     `compiler` needs libnvrtc (`SPOLIA_NVRTC` may name it), `host` a C++ compiler (`CXX` may name it), `gpu` a GPU; what is missing is
//!            said in a line and skipped
//! See also   benches/README.md for the commands

// Helpers of tests stand outside of the test functions that the lints know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod compiler;
mod gpu;
mod host;
mod host_program;
mod samples;
