//! stub
use super::*;
/// stub
pub struct GadgetHdf5;
impl Format for GadgetHdf5 {
    fn name(&self) -> &'static str {
        "gadget-hdf5"
    }
    fn description(&self) -> &'static str {
        ""
    }
    fn recognises(&self, _: &Path, _: &[u8], _: u64) -> bool {
        false
    }
    fn open(&self, _: &Path, _: &OpenOptions) -> Result<Arc<dyn Snapshot>> {
        Err(Error::internal("stub"))
    }
}
