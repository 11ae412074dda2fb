//! Records of pipelines: papers behind each step, parameters without influence, keys that nobody reads.
//!
//! See also   `pipeline`, `src/pipeline/record.rs`

use spolia::ingest::tipsy::ByteOrder;
use spolia::ingest::tipsy::write::{StarRecord, TipsyFile, write_snapshot};
use spolia::pipeline::{self, StepState};

use crate::pipeline::{Study, all};

#[test]
fn records_name_papers_and_parameters_without_influence() {
    let dir = tempfile::tempdir().unwrap();
    let star = |i: u32| StarRecord { mass: 1.0, x: i as f32 * 0.01, vy: 1.0, metals: 0.01, ..Default::default() };
    let file = TipsyFile { time: 0.5, stars: (0..50).map(star).collect(), ..Default::default() };
    write_snapshot(&dir.path().join("g.00001"), &file, ByteOrder::Big).unwrap();
    std::fs::write(dir.path().join("g.param"), "achOutName = g\ndKpcUnit = 1000\ndMsolUnit = 1e10\nbComove = 0\n").unwrap();
    let text = "[inputs]\nrun = 'g.00001'\n[[step]]\nname = 'galaxy'\nkind = 'ingest'\nfrom = '{run}'\nmass_unit = '1e10 Msun'\n\
        [[step]]\nname = 'n'\nkind = 'sql'\nsql = 'SELECT sum(mass) AS mass, avg(v_phi(x, y, vx, vy)) AS v FROM {galaxy}.stars WHERE x > 0'\n\
        [[step]]\nname = 'map'\nkind = 'figure'\nfigure = 'face_on'\nneeds = ['galaxy']\nquantity = 'rotation'\nwidth = '2Mpc'\nresolution = 100\nformats = ['svg']\n";
    std::fs::write(dir.path().join("study.toml"), text).unwrap();
    let study = Study { dir };
    let report = study.run();
    assert!(all(&report, StepState::Done), "{report:?}");
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(study.out("record.json")).unwrap()).unwrap();
    let step = |name: &str| record["steps"].as_array().unwrap().iter().find(|s| s["name"] == name).unwrap()["step"].clone();
    let texts = |value: &serde_json::Value| value.as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_string()).collect::<Vec<_>>();
    let cites = |name: &str, words: &str| texts(&step(name)["citations"]).iter().any(|line| line.contains(words));
    assert!(cites("galaxy", "Gasoline2"), "the reader: {}", step("galaxy")["citations"]);
    assert!(cites("n", "v_phi: Buder et al. 2025") && cites("n", "Neal, R. M. (2015)"), "{}", step("n")["citations"]);
    assert!(cites("map", "Optimizing colormaps") && !cites("n", "Optimizing colormaps"), "{}", step("map")["citations"]);
    assert!(texts(&record["citations"]).len() >= 4);
    assert_eq!(texts(&step("map")["unused_parameters"]), ["quantity", "resolution"]);
    assert_eq!(texts(&step("galaxy")["unused_parameters"]), ["mass_unit"], "the parameter file has 1e10 Msun already");
    assert_eq!(texts(&step("n")["unused_parameters"]), Vec::<String>::new());
    for (place, line) in
        [("[pipeline]\nnmae = 'a'\n", "nmae"), ("[pipeline]\nname = 'a'\n[extra]\nb = 1\n", "extra"), ("surplus = 1\n", "surplus")]
    {
        std::fs::write(study.path("odd.toml"), format!("{place}{text}")).unwrap();
        let error = pipeline::load(&study.path("odd.toml")).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains(line) && error.contains('^'), "{error}");
    }
    for kind in
        ["kind = 'sql'\nsql = 'SELECT 1'", "kind = 'export'\nsql = 'SELECT 1'", "kind = 'frame'", "kind = 'check'\nsql = 'SELECT 1'"]
    {
        std::fs::write(study.path("odd.toml"), format!("{text}[[step]]\nname = 'odd'\n{kind}\nneeds = ['galaxy']\nno_such_key = 3\n"))
            .unwrap();
        let error = pipeline::load(&study.path("odd.toml")).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("no_such_key") && error.contains('^'), "{kind}: {error}");
    }
}
