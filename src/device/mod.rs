//! Where heavy loops run: the processor, or an NVIDIA GPU if one is there.
//!
//! Layout     the driver library is looked for when asked, never linked: the program builds and runs without any CUDA
//! Refuses    `cuda` without the feature, the driver library or a GPU: a `Device` error that says which is missing
//! Cost       the search is done once per process
//! See also   `spolia doctor`, option `--device`

#[cfg(feature = "cuda")]
pub mod compile;
#[cfg(feature = "cuda")]
pub mod cuda;

use crate::error::{Error, ErrorKind, Result, nearest};

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
    /// Every device, in the order of the help text.
    pub const ALL: [Device; 3] = [Device::Auto, Device::Cpu, Device::Cuda];

    /// Name as on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Device::Auto => "auto",
            Device::Cpu => "cpu",
            Device::Cuda => "cuda",
        }
    }

    /// Reads `auto`, `cpu` or `cuda`; `Usage` error otherwise.
    pub fn parse(text: &str) -> Result<Device> {
        let names = Self::ALL.map(Self::name);
        Self::ALL.into_iter().find(|d| d.name().eq_ignore_ascii_case(text.trim())).ok_or_else(|| {
            let error = Error::usage(format!("unknown device `{text}`")).expected(names.join(", "));
            match (text.trim().to_lowercase().as_str(), nearest(text, names)) {
                ("gpu" | "nvidia", _) => error.hint("did you mean `cuda`"),
                (_, Some(near)) => error.hint(format!("did you mean `{near}`")),
                _ => error,
            }
        })
    }

    /// The device that will be used: never `Auto`.
    ///
    /// `Device` error, with a hint, when CUDA is asked for and cannot be had.
    pub fn resolve(self) -> Result<Device> {
        match self {
            Device::Cpu => Ok(Device::Cpu),
            Device::Auto => Ok(if gpu().is_ok() { Device::Cuda } else { Device::Cpu }),
            Device::Cuda => gpu().map(|_| Device::Cuda).map_err(|why| {
                Error::new(ErrorKind::Device, "no CUDA device can be used")
                    .because(why)
                    .hint("run with `--device cpu`; `spolia doctor` shows what was looked for")
            }),
        }
    }
}

/// Rows about the GPU, or why there is none.
type Found = std::result::Result<Vec<(String, String)>, String>;

#[cfg(feature = "cuda")]
fn gpu() -> Found {
    cuda::search().clone()
}

#[cfg(not(feature = "cuda"))]
fn gpu() -> Found {
    Err("this build lacks the feature `cuda`".to_string())
}

/// What is known about CUDA here, as rows of name and text for `spolia doctor`.
pub fn cuda_report() -> Vec<(String, String)> {
    let built = if cfg!(feature = "cuda") { "yes, loaded at run time" } else { "no" };
    let mut rows = vec![("cuda built in".to_string(), built.to_string())];
    match gpu() {
        Ok(found) => rows.extend(found),
        Err(why) => rows.push(("cuda device".to_string(), format!("none: {why}"))),
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for device in Device::ALL {
            assert_eq!(Device::parse(device.name()).unwrap(), device);
        }
        assert_eq!(Device::parse(" CPU ").unwrap(), Device::Cpu);
        assert_eq!(Device::parse("gpu").unwrap_err().hint_text(), Some("did you mean `cuda`"));
        assert_eq!(Device::parse("tpu-pod").unwrap_err().exit_code(), 2);
    }

    #[test]
    fn a_machine_without_cuda_gets_an_answer_not_a_crash() {
        assert_eq!(Device::Cpu.resolve().unwrap(), Device::Cpu);
        let auto = Device::Auto.resolve().unwrap();
        match Device::Cuda.resolve() {
            Ok(device) => assert_eq!((device, auto), (Device::Cuda, Device::Cuda)),
            Err(error) => {
                println!("no GPU here: {error}");
                assert_eq!((error.kind(), auto), (ErrorKind::Device, Device::Cpu));
                assert!(error.hint_text().unwrap().contains("--device cpu"));
            }
        }
        assert!(cuda_report().len() >= 2);
    }
}
