//! stub
use super::*;
/// stub
pub struct Tipsy;
impl Format for Tipsy {
    fn name(&self) -> &'static str {
        "tipsy"
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
