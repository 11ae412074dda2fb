//! Where heavy loops run: the processor or an NVIDIA GPU.
use crate::error::{Error, ErrorKind, Result};

/// A compute device, as named by `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// A GPU if there is one that works, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The first NVIDIA GPU.
    Cuda,
}

impl Device {
    /// Reads `auto`, `cpu` or `cuda`.
    pub fn parse(text: &str) -> Result<Device> {
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda),
            _ => Err(Error::usage(format!("unknown device `{text}`"))),
        }
    }
    /// The device that will be used: never `Auto`.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Device::Cuda => Err(Error::new(ErrorKind::Device, "no CUDA")),
            _ => Ok(Device::Cpu),
        }
    }
}

/// What is known about CUDA here, as rows for `spolia doctor`.
pub fn cuda_report() -> Vec<(String, String)> {
    Vec::new()
}
