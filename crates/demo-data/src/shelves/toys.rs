//! For children, and for those who stayed so.

use super::{Kind, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "toys",
    brands: &[
        ("Pebblekin", "石头伙伴"),
        ("Tumblewood", "翻滚木"),
        ("Moonpond", "月塘"),
        ("Bramble & Bear", "莓熊"),
        ("Little Fathom", "小深海"),
    ],
    kinds: &[
        Kind {
            subcategory: "building",
            noun: ("Building Blocks", "积木"),
            qualities: &[("Wooden", "木制"), ("Magnetic", "磁力"), ("Castle", "城堡"), ("Rainbow", "彩虹")],
            variants: &[("60 Pieces", "60块"), ("100 Pieces", "100块"), ("200 Pieces", "200块")],
            price_range: (49, 499),
            facts: &[
                ("Builds houses, towers and bridges.", "可搭房子、高塔和桥梁。"),
                ("All parts fit back into the box.", "配收纳盒，收纳方便。"),
            ],
        },
        Kind {
            subcategory: "puzzles",
            noun: ("Jigsaw Puzzle", "拼图"),
            qualities: &[("Landscape", "风景"), ("Wooden", "木质"), ("World Map", "世界地图"), ("Animal", "动物")],
            variants: &[("100 Pieces", "100片"), ("500 Pieces", "500片"), ("1000 Pieces", "1000片")],
            price_range: (29, 199),
            facts: &[
                ("Each piece has a shape of its own.", "每一片形状都不同。"),
                ("The finished picture is worth framing.", "完成后可装裱挂墙。"),
            ],
        },
        Kind {
            subcategory: "plush",
            noun: ("Plush Bear", "毛绒小熊"),
            qualities: &[("Sleepy", "瞌睡"), ("Classic", "经典"), ("Hugging", "抱抱"), ("Washable", "可水洗")],
            variants: &[("30 cm", "30厘米"), ("50 cm", "50厘米"), ("90 cm", "90厘米")],
            price_range: (39, 299),
            facts: &[
                ("Soft fur that does not shed.", "绒毛柔软不掉毛。"),
                ("The eyes are embroidered.", "刺绣眼睛，宝宝更安全。"),
            ],
        },
        Kind {
            subcategory: "games",
            noun: ("Board Game", "桌游"),
            qualities: &[("Family", "家庭"), ("Strategy", "策略"), ("Cooperative", "合作"), ("Travel", "旅行")],
            variants: &[("2 to 4 Players", "2-4人"), ("3 to 6 Players", "3-6人")],
            price_range: (59, 399),
            facts: &[
                ("Explained in five minutes.", "规则五分钟学会。"),
                ("No two rounds are the same.", "每一局都不一样。"),
            ],
        },
        Kind {
            subcategory: "science",
            noun: ("Science Kit", "科学实验套装"),
            qualities: &[
                ("Crystal-Growing", "水晶种植"),
                ("Volcano", "火山"),
                ("Electronics", "电路"),
                ("Astronomy", "天文"),
            ],
            variants: &[],
            price_range: (49, 359),
            facts: &[
                ("Twenty experiments with pictures.", "二十个图解实验。"),
                ("Made with the help of teachers.", "由一线教师参与设计。"),
            ],
        },
        Kind {
            subcategory: "outdoor",
            noun: ("Kite", "风筝"),
            qualities: &[("Beginner's", "新手"), ("Swallow", "沙燕"), ("Rainbow", "彩虹"), ("Stunt", "特技")],
            variants: &[],
            price_range: (29, 259),
            facts: &[
                ("Flies in a light breeze.", "微风即可放飞。"),
                ("The line is already on the reel.", "线轮已绕好线。"),
            ],
        },
    ],
    remarks: &[
        ("Tested for safety.", "通过安全检测。"),
        ("Fun for children and parents.", "亲子同乐。"),
        ("A present that is played with for years.", "可以玩很多年的礼物。"),
        ("Keeps phones in their pockets.", "让孩子放下手机。"),
    ],
};
