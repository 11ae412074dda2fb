//! Nodes of the colour maps: 65 colours each, `rrggbb` in a row, evenly spaced.
//!
//! Source     viridis, magma, inferno, plasma: S. van der Walt, N. Smith and E. Firing, released under CC0; the others as their lines say
//! Accuracy   linear interpolation between nodes is within 3/255 of the published 256 colours in every channel
//! See also   `plot::colour`

/// Dark blue, green, yellow. Smith, van der Walt & Firing 2015, CC0.
pub(super) const VIRIDIS: &str = "\
     44015446065a470d6047136548186a481d6f482374482878472d7b46327e453681443b844240864045873f49893d4e8a\
     3b528b39568c375a8d355e8d33638d31668e2f6a8e2e6e8e2c728e2b768e297a8e287d8e26818e25858e23898e228c8d\
     21908c20948c1f988b1e9b8a1f9f8820a38721a68524aa8328ae802cb17e31b57b37b8773ebc7445bf704cc26c54c667\
     5dc96365cc5d6ece5878d15282d34c8cd64696d83fa0da39abdc32b5de2bc0df24cbe11fd5e21ae0e318eae51af4e61e\
     fde725";

/// Black, purple, orange, cream. Smith & van der Walt 2015, CC0.
pub(super) const MAGMA: &str = "\
     00000402010903031106051a0a08220e0b2b130d33180f3d1d114622115028115a2f116336106a3d0f71430f764a1079\
     50127c57147e5d177f631980691c816f1e817621817c23828226818928818f2a81952c809c2e7fa2307ea9327daf347b\
     b63779bc3977c33b75c93e72cf4170d6446ddb486ae14c66e65163ea5661ee5c5ef2635df5695cf7715cf9785dfa805e\
     fb8761fc8f64fd9668fe9e6cfea571fead76feb47bfebb81fec387feca8dfed194fed99bfde0a2fde7a9fceeb0fcf6b8\
     fcfdbf";

/// Black, red, yellow. Smith & van der Walt 2015, CC0.
pub(super) const INFERNO: &str = "\
     00000402010a04031207051b0b072410092d150b371a0c40210c4a270b532e0a5a3609603c0965430a684a0c6b500e6c\
     57106d5d126e63146e6a176e70196e761b6d7d1e6d83206b89226a9024689627669c2964a32b61a92e5faf315cb53458\
     bb3755c13a51c63e4dcc4149d14644d64a40db4f3bdf5437e35932e75f2deb6528ee6b23f1711ef47819f67f14f8860f\
     f98d0afa9407fb9c06fca309fcab0ffcb217fbba1ffac228f9ca32f7d23df5d949f3e156f2e865f1ef75f3f586f6fa96\
     fcffa4";

/// Blue, magenta, yellow. Smith & van der Walt 2015, CC0.
pub(super) const PLASMA: &str = "\
     0d088719068b2206902a05933105963804993f049c46039f4c02a15302a35901a55f01a66600a76c00a87201a87801a8\
     7e03a88405a78909a68f0da49511a29a169f9f1a9ca41e99a92396ae2792b22c8eb7308bbb3587bf3983c33e80c7427c\
     cb4778cf4b75d25071d6546dd9596adc5e67e06263e36760e66c5ce87059eb7555ee7a52f07f4ff2844bf48a48f68f44\
     f89441f99a3dfb9f3afca537fdab33fdb130feb72dfebd2afdc328fdca26fcd025fbd724f9dd25f7e426f5eb27f2f227\
     f0f921";

/// Blue, grey, yellow; the same to colour-blind readers. Values after Nunez, Anderton & Renslow 2018, PLOS ONE 13, e0199239 (an article free of all copyright).
pub(super) const CIVIDIS: &str = "\
     00224e00255400285b002b62002e6a0030700433711135701a386f213b6e273e6e2d416d32436d36466c3b496c3f4c6c\
     434e6c47516c4b546c4f576c52596d565c6d5a5f6e5d626e61656f646770686a716b6d726f7073727374757676797877\
     7c7b78807e788481798784788b87788f8a78938d789790779b93769f9676a39a75a79d74aba072afa371b3a670b7aa6e\
     bbad6cbfb06bc3b469c8b766ccba64d0be61d4c15fd9c55cddc958e1cc55e6d051ead44cefd748f4db42f8df3cfde334\
     fee838";

/// Blue, pale grey, red; lightness symmetric about the middle. Made for this program in Oklab (Ottosson 2020): L = 0.955 - 0.575 u^1.05, hues 255 and 28 deg.
pub(super) const BLUE_RED: &str = "\
     01418204468a074b920a509a0e55a2115bab1460b31765bc1b6bc42070cc2676d22f7cd73782dc4088e0488ee35194e7\
     5999ea629fed6ba5ef74abf17db1f386b7f490bcf599c2f6a3c7f7accdf7b6d2f7c0d8f6caddf6d3e2f5dde7f3e7ecf2\
     f0f0f0f2e9e7f3e1def4d9d5f4d1ccf5cac3f4c2baf4bab1f3b2a8f2aaa0f0a297ee9a8fec9286e98a7ee68276e37b6e\
     df7367db6b5fd76458d35d51ce554ac94e43c3473dbd4138b53d34ad3930a5352c9d3129952d268e292286251f7e221c\
     771e19";
