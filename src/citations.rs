//! The papers behind methods, functions, figures and formats.
//!
//! Layout     one [`Paper`] an entry; `covers` names what rests on it
//! See also   the command `cite`, `pipeline::record`

/// One entry of the list.
#[derive(Clone, Copy, Debug)]
pub struct Paper {
    /// BibTeX key.
    pub key: &'static str,
    /// Authors as BibTeX writes them.
    pub authors: &'static str,
    /// Title.
    pub title: &'static str,
    /// Journal, volume and page or arXiv number.
    pub journal: &'static str,
    /// Year.
    pub year: u16,
    /// Digital object identifier; empty if there is none.
    pub doi: &'static str,
    /// What rests on it.
    pub covers: &'static [&'static str],
}

/// Every paper.
pub const PAPERS: &[Paper] = &[
    Paper {
        key: "BarnesHut1986",
        authors: "Barnes, J. and Hut, P.",
        title: "A hierarchical O(N log N) force-calculation algorithm",
        journal: "Nature 324, 446",
        year: 1986,
        doi: "10.1038/324446a0",
        covers: &["demo", "nbody"],
    },
    Paper {
        key: "Hernquist1990",
        authors: "Hernquist, L.",
        title: "An analytical model for spherical galaxies and bulges",
        journal: "ApJ 356, 359",
        year: 1990,
        doi: "10.1086/168845",
        covers: &["demo", "nbody"],
    },
    Paper {
        key: "Asplund2009",
        authors: "Asplund, M. and Grevesse, N. and Sauval, A. J. and Scott, P.",
        title: "The Chemical Composition of the Sun",
        journal: "ARA&A 47, 481",
        year: 2009,
        doi: "10.1146/annurev.astro.46.060407.145222",
        covers: &["abundance", "feh", "ofe", "mgfe", "alfe", "mgmn", "age_feh", "feh_vphi"],
    },
    Paper {
        key: "Power2003",
        authors: "Power, C. and Navarro, J. F. and Jenkins, A. and Frenk, C. S. and White, S. D. M. and Springel, V. and Stadel, J. and Quinn, T.",
        title: "The inner structure of LambdaCDM haloes - I. A numerical convergence study",
        journal: "MNRAS 338, 14",
        year: 2003,
        doi: "10.1046/j.1365-8711.2003.05925.x",
        covers: &["center", "face_on", "frame"],
    },
    Paper {
        key: "Komatsu2011",
        authors: "Komatsu, E. and others",
        title: "Seven-year Wilkinson Microwave Anisotropy Probe (WMAP) Observations: Cosmological Interpretation",
        journal: "ApJS 192, 18",
        year: 2011,
        doi: "10.1088/0067-0049/192/2/18",
        covers: &["cosmology", "age"],
    },
    Paper {
        key: "Planck2015",
        authors: "{Planck Collaboration}",
        title: "Planck 2015 results. XIII. Cosmological parameters",
        journal: "A&A 594, A13",
        year: 2016,
        doi: "10.1051/0004-6361/201525830",
        covers: &["cosmology"],
    },
    Paper {
        key: "Planck2018",
        authors: "{Planck Collaboration}",
        title: "Planck 2018 results. VI. Cosmological parameters",
        journal: "A&A 641, A6",
        year: 2020,
        doi: "10.1051/0004-6361/201833910",
        covers: &["cosmology"],
    },
    Paper {
        key: "Neal2015",
        authors: "Neal, R. M.",
        title: "Fast exact summation using small and large superaccumulators",
        journal: "arXiv:1505.05571",
        year: 2015,
        doi: "10.48550/arXiv.1505.05571",
        covers: &["sum", "avg", "var", "stddev"],
    },
    Paper {
        key: "Salmon2011",
        authors: "Salmon, J. K. and Moraes, M. A. and Dror, R. O. and Shaw, D. E.",
        title: "Parallel random numbers: as easy as 1, 2, 3",
        journal: "Proceedings of SC11",
        year: 2011,
        doi: "10.1145/2063384.2063405",
        covers: &["demo", "random"],
    },
    Paper {
        key: "Nunez2018",
        authors: "Nu{\\~n}ez, J. R. and Anderton, C. R. and Renslow, R. S.",
        title: "Optimizing colormaps with consideration for color vision deficiency to enable accurate interpretation of scientific data",
        journal: "PLoS ONE 13, e0199239",
        year: 2018,
        doi: "10.1371/journal.pone.0199239",
        covers: &["plot", "face_on", "edge_on", "hist2d"],
    },
    Paper {
        key: "Wadsley2017",
        authors: "Wadsley, J. W. and Keller, B. W. and Quinn, T. R.",
        title: "Gasoline2: a modern smoothed particle hydrodynamics code",
        journal: "MNRAS 471, 2357",
        year: 2017,
        doi: "10.1093/mnras/stx1643",
        covers: &["tipsy"],
    },
    Paper {
        key: "Springel2005",
        authors: "Springel, V.",
        title: "The cosmological simulation code GADGET-2",
        journal: "MNRAS 364, 1105",
        year: 2005,
        doi: "10.1111/j.1365-2966.2005.09655.x",
        covers: &["gadget-binary"],
    },
    Paper {
        key: "Springel2010",
        authors: "Springel, V.",
        title: "E pur si muove: Galilean-invariant cosmological hydrodynamical simulations on a moving mesh",
        journal: "MNRAS 401, 791",
        year: 2010,
        doi: "10.1111/j.1365-2966.2009.15715.x",
        covers: &["gadget-hdf5", "arepo"],
    },
    Paper {
        key: "Springel2021",
        authors: "Springel, V. and Pakmor, R. and Zier, O. and Reinecke, M.",
        title: "Simulating cosmic structure formation with the GADGET-4 code",
        journal: "MNRAS 506, 2871",
        year: 2021,
        doi: "10.1093/mnras/stab1855",
        covers: &["gadget-hdf5"],
    },
    Paper {
        key: "Nelson2019",
        authors: "Nelson, D. and others",
        title: "The IllustrisTNG simulations: public data release",
        journal: "Computational Astrophysics and Cosmology 6, 2",
        year: 2019,
        doi: "10.1186/s40668-019-0028-x",
        covers: &["gadget-hdf5", "tng"],
    },
    Paper {
        key: "Pontzen2013",
        authors: "Pontzen, A. and Ro{\\v s}kar, R. and Stinson, G. and Woods, R.",
        title: "pynbody: N-Body/SPH analysis for python",
        journal: "Astrophysics Source Code Library, ascl:1305.002",
        year: 2013,
        doi: "",
        covers: &["face_on", "center", "frame", "abundance"],
    },
    Paper {
        key: "Buck2020",
        authors: "Buck, T. and Obreja, A. and Macci{\\`o}, A. V. and Minchev, I. and Dutton, A. A. and Ostriker, J. P.",
        title: "NIHAO-UHD: the properties of MW-like stellar discs in high-resolution cosmological simulations",
        journal: "MNRAS 491, 3461",
        year: 2020,
        doi: "10.1093/mnras/stz3241",
        covers: &["face_on", "frame", "nihao-fits"],
    },
    Paper {
        key: "Buder2025",
        authors: "Buder, S. and Buck, T. and Sk{\\'u}lad{\\'o}ttir, {\\'A}. and Ness, M. and McKenzie, M. and Monty, S.",
        title: "The chemodynamical memory of a major merger in a NIHAO-UHD Milky Way analogue I: A golden thread through time and space",
        journal: "arXiv:2510.11284",
        year: 2025,
        doi: "",
        covers: &["v_r", "v_phi", "energy", "ecc_proxy", "abundance", "age_feh", "feh_vphi", "demo", "nihao-fits"],
    },
    Paper {
        key: "Hogg1999",
        authors: "Hogg, D. W.",
        title: "Distance measures in cosmology",
        journal: "arXiv:astro-ph/9905116",
        year: 1999,
        doi: "",
        covers: &["cosmology", "redshift", "scale_factor", "age_at"],
    },
    Paper {
        key: "Weinberg2017",
        authors: "Weinberg, D. H. and Andrews, B. H. and Freudenburg, J.",
        title: "Equilibrium and Sudden Events in Chemical Evolution",
        journal: "ApJ 837, 183",
        year: 2017,
        doi: "10.3847/1538-4357/837/2/183",
        covers: &["demo", "one_zone"],
    },
    Paper {
        key: "Kennicutt1998",
        authors: "Kennicutt, R. C., Jr.",
        title: "The Global Schmidt Law in Star-forming Galaxies",
        journal: "ApJ 498, 541",
        year: 1998,
        doi: "10.1086/305588",
        covers: &["demo"],
    },
];

impl Paper {
    /// Authors, year, title, journal and DOI in one line.
    pub fn line(&self) -> String {
        let doi = if self.doi.is_empty() { String::new() } else { format!(", doi:{}", self.doi) };
        format!("{} ({}), {}, {}{doi}", self.authors, self.year, self.title, self.journal)
    }
}

/// The papers that cover any of `words`.
pub fn covering(words: &[&str]) -> Vec<&'static Paper> {
    PAPERS.iter().filter(|paper| paper.covers.iter().any(|covered| words.contains(covered))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_complete_and_keys_unique() {
        for (i, p) in PAPERS.iter().enumerate() {
            // A preprint or a program has its number (arXiv, ASCL) for a journal, or a page to be found at.
            assert!(!p.journal.is_empty() && !p.covers.is_empty() && p.year > 1900, "{}", p.key);
            assert_eq!(p.line().contains("doi:"), !p.doi.is_empty(), "{}", p.key);
            assert!(PAPERS[..i].iter().all(|q| q.key != p.key), "{} twice", p.key);
        }
    }

    #[test]
    fn words_select_papers() {
        let keys: Vec<&str> = covering(&["tipsy", "feh"]).iter().map(|p| p.key).collect();
        assert_eq!(keys, ["Asplund2009", "Wadsley2017"]);
        assert!(covering(&["nothing"]).is_empty() && covering(&[]).is_empty());
        assert!(covering(&["tipsy"])[0].line().ends_with("doi:10.1093/mnras/stx1643"));
    }
}
