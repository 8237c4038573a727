//! For moving, and for resting outdoors.

use super::{COLORS, Kind, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "sports",
    brands: &[
        ("Summitline", "峰线"),
        ("Riverbend", "河湾"),
        ("Ironleaf", "铁叶"),
        ("Openfield", "旷野"),
        ("Second Wind", "长风"),
    ],
    kinds: &[
        Kind {
            subcategory: "fitness",
            noun: ("Yoga Mat", "瑜伽垫"),
            qualities: &[
                ("Nonslip", "防滑"),
                ("Extra-Thick", "加厚"),
                ("Natural Rubber", "天然橡胶"),
                ("Folding", "折叠"),
            ],
            variants: COLORS,
            price_range: (49, 399),
            facts: &[
                ("Stays flat from the first time it is unrolled.", "展开即平整。"),
                ("Wipes clean with a damp cloth.", "湿布一擦即净。"),
            ],
        },
        Kind {
            subcategory: "fitness",
            noun: ("Dumbbell Set", "哑铃套装"),
            qualities: &[
                ("Adjustable", "可调节"),
                ("Rubber-Coated", "包胶"),
                ("Hexagonal", "六角"),
                ("Chrome", "电镀"),
            ],
            variants: &[("10 kg", "10千克"), ("20 kg", "20千克"), ("30 kg", "30千克")],
            price_range: (99, 1299),
            facts: &[("Kind to the floor.", "不伤地板。"), ("The grip does not slip when wet.", "手汗也不打滑。")],
        },
        Kind {
            subcategory: "camping",
            noun: ("Tent", "帐篷"),
            qualities: &[("Two-Person", "双人"), ("Quick-Pitch", "速开"), ("Four-Season", "四季"), ("Family", "家庭")],
            variants: COLORS,
            price_range: (199, 2499),
            facts: &[
                ("Stands in five minutes.", "五分钟即可搭好。"),
                ("Kept dry in a night of heavy rain.", "经整夜大雨测试不渗水。"),
            ],
        },
        Kind {
            subcategory: "camping",
            noun: ("Sleeping Bag", "睡袋"),
            qualities: &[("Down", "羽绒"), ("Summer", "夏季"), ("Mummy", "木乃伊式"), ("Double", "双人")],
            variants: COLORS,
            price_range: (99, 1299),
            facts: &[
                ("Comfortable down to zero degrees.", "舒适温度低至零度。"),
                ("Packs to the size of a melon.", "收纳后如西瓜大小。"),
            ],
        },
        Kind {
            subcategory: "cycling",
            noun: ("Bike Helmet", "骑行头盔"),
            qualities: &[("Ventilated", "透气"), ("Urban", "城市"), ("Rear-Light", "带灯"), ("Ultralight", "超轻")],
            variants: COLORS,
            price_range: (89, 699),
            facts: &[
                ("A wheel at the back sets the size.", "后部旋钮调节头围。"),
                ("The pads come out for washing.", "内衬可拆洗。"),
            ],
        },
        Kind {
            subcategory: "racket",
            noun: ("Badminton Racket", "羽毛球拍"),
            qualities: &[("Carbon", "碳素"), ("Beginner's", "入门"), ("Offensive", "进攻型"), ("Lightweight", "轻量")],
            variants: &[],
            price_range: (79, 999),
            facts: &[
                ("Strung and ready to play.", "已穿线，到手即打。"),
                ("Quick in defense, strong in the smash.", "防守灵活，扣杀有力。"),
            ],
        },
    ],
    remarks: &[
        ("Chosen by people who train every day.", "专业运动者之选。"),
        ("For beginners and the experienced.", "新手与老手都适用。"),
        ("Easy to stow away.", "收纳方便。"),
        ("Built for many seasons.", "经久耐用。"),
    ],
};
