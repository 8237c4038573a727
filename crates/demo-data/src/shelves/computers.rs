//! Computers and what is plugged into them.

use super::{COLORS, Kind, NEUTRALS, Shelf};

pub(super) const SHELF: Shelf = Shelf {
    category: "computers",
    brands: &[
        ("Keystrand", "键川"),
        ("Vellum Labs", "素笺"),
        ("Pinewright", "松工"),
        ("Bitmoor", "比特原"),
        ("Hexlane", "六巷"),
    ],
    kinds: &[
        Kind {
            subcategory: "keyboards",
            noun: ("Mechanical Keyboard", "机械键盘"),
            qualities: &[
                ("Compact", "紧凑型"),
                ("Wireless", "无线"),
                ("Low-Profile", "矮轴"),
                ("Hot-Swappable", "热插拔"),
            ],
            variants: COLORS,
            price_range: (199, 1299),
            facts: &[
                ("The switches are rated for fifty million strokes.", "轴体寿命达五千万次敲击。"),
                ("Keys stay legible after years of typing.", "键帽字符久用不褪。"),
            ],
        },
        Kind {
            subcategory: "mice",
            noun: ("Mouse", "鼠标"),
            qualities: &[("Silent", "静音"), ("Vertical", "立式人体工学"), ("Wireless", "无线"), ("Gaming", "电竞")],
            variants: COLORS,
            price_range: (39, 599),
            facts: &[
                ("A single battery lasts for months.", "一节电池可用数月。"),
                ("Fits both small and large hands.", "大手小手都合握。"),
            ],
        },
        Kind {
            subcategory: "displays",
            noun: ("Monitor", "显示器"),
            qualities: &[("27-Inch", "27英寸"), ("Curved", "曲面"), ("4K", "4K高清"), ("Portable", "便携式")],
            variants: NEUTRALS,
            price_range: (699, 4999),
            facts: &[
                ("One cable carries picture, data and power.", "一线连接，同时传输画面、数据和供电。"),
                ("The stand turns, tilts and rises.", "支架可旋转、俯仰、升降。"),
            ],
        },
        Kind {
            subcategory: "storage",
            noun: ("External SSD", "移动固态硬盘"),
            qualities: &[("Rugged", "三防"), ("Pocket-Size", "口袋"), ("High-Speed", "高速"), ("Encrypted", "加密")],
            variants: &[("500 GB", "500GB"), ("1 TB", "1TB"), ("2 TB", "2TB")],
            price_range: (299, 1899),
            facts: &[
                ("Copies a film in seconds.", "数秒即可拷完一部电影。"),
                ("Survives a fall from two meters.", "可承受两米跌落。"),
            ],
        },
        Kind {
            subcategory: "networking",
            noun: ("Wi-Fi Router", "无线路由器"),
            qualities: &[("Mesh", "网状组网"), ("Dual-Band", "双频"), ("Travel", "随身"), ("Gigabit", "千兆")],
            variants: NEUTRALS,
            price_range: (129, 1599),
            facts: &[
                ("Covers an apartment of three rooms.", "一台即可覆盖三居室。"),
                ("Guests get a network of their own.", "支持独立访客网络。"),
            ],
        },
        Kind {
            subcategory: "accessories",
            noun: ("Laptop Stand", "笔记本支架"),
            qualities: &[("Aluminum", "铝合金"), ("Folding", "折叠"), ("Adjustable", "可调节"), ("Wooden", "实木")],
            variants: COLORS,
            price_range: (59, 399),
            facts: &[
                ("Brings the screen up to eye level.", "让屏幕与视线平齐。"),
                ("Open sides keep the machine cool.", "镂空设计，散热更好。"),
            ],
        },
    ],
    remarks: &[
        ("Comes with a three-year warranty.", "享三年质保。"),
        ("Works at home as well as at the office.", "居家、办公皆宜。"),
        ("Packed without plastic.", "采用无塑包装。"),
        ("We use it on our own desks.", "我们自己的桌上也在用。"),
    ],
};
