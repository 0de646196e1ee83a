"""Units of measure by their dimension: 24 months are two years, 500 m are half a kilometre."""

_DAY = 86_400.0

# dimension → unit in words → how many of the dimension's base unit it is
_TABLE: dict[str, dict[str, float]] = {
    "time": {
        "毫秒 ms": 0.001,
        "秒 秒钟 s sec secs second seconds": 1,
        "分钟 min mins minute minutes": 60,
        "小时 个小时 钟头 个钟头 h hr hrs hour hours": 3600,
        "天 日 日历日 自然日 个自然日 day days calendar@day calendar@days": _DAY,
        "周 星期 个星期 礼拜 week weeks": 7 * _DAY,
    },
    "workdays": {"工作日 个工作日 working@day working@days business@day business@days": 1},
    "months": {
        "个月 month months": 1,
        "季度 个季度 quarter quarters": 3,
        "年 周年 年度 周岁 岁 year years year-old": 12,
    },
    "yuan": {"元 块 块钱 元人民币 人民币 yuan rmb cny": 1, "角 毛": 0.1},
    "dollars": {"美元 美金 usd dollar dollars us@dollars": 1, "cent cents": 0.01},
    "hong kong dollars": {"港元 港币 港幣 hkd hong@kong@dollars": 1},
    "macau patacas": {"澳门元 澳门币 patacas": 1},
    "taiwan dollars": {"新台币 台币 twd ntd taiwan@dollars": 1},
    "singapore dollars": {"新加坡元 新币 坡币 sgd singapore@dollars": 1},
    "australian dollars": {"澳元 澳币 澳大利亚元 aud australian@dollars": 1},
    "new zealand dollars": {"新西兰元 纽币 nzd new@zealand@dollars": 1},
    "canadian dollars": {"加元 加币 加拿大元 cad canadian@dollars": 1},
    "euros": {"欧元 eur euro euros": 1},
    "pounds": {"英镑 gbp pounds@sterling": 1},
    "yen": {"日元 日圆 jpy yen": 1},
    "won": {"韩元 韩币 krw won": 1},
    "francs": {"瑞士法郎 瑞郎 chf francs": 1},
    "roubles": {"卢布 rub rubles roubles": 1},
    "rupees": {"卢比 印度卢比 inr rupees": 1},
    "baht": {"泰铢 thb baht": 1},
    "dong": {"越南盾 vnd dong": 1},
    "ringgit": {"林吉特 马币 myr ringgit": 1},
    "length": {
        "纳米 nm nanometres nanometers": 1e-9,
        "微米 μm um micrometres micrometers microns": 1e-6,
        "毫米 mm millimetre millimetres millimeter millimeters": 0.001,
        "厘米 公分 cm centimetre centimetres centimeter centimeters": 0.01,
        "米 m metre metres meter meters": 1,
        "公里 千米 km kilometre kilometres kilometer kilometers": 1000,
        "分米 dm": 0.1,
        "英里 mile miles": 1609.344,
        "海里 nautical@mile nautical@miles": 1852,
        "yd yard yards": 0.9144,
        "英寸 inch inches": 0.0254,
        "英尺 ft foot feet": 0.3048,
    },
    "mass": {
        "微克 μg ug": 1e-9,
        "毫克 mg": 1e-6,
        "磅 lb lbs": 0.45359237,
        "盎司 oz ounce ounces": 0.028349523125,
        "克 g gram grams": 0.001,
        "斤 市斤": 0.5,
        "公斤 千克 kg kilogram kilograms kilo kilos": 1,
        "吨 t ton tons tonne tonnes": 1000,
    },
    "volume": {
        "立方毫米 mm3": 1e-6,
        "毫升 立方厘米 ml cm3 cc millilitre millilitres milliliter milliliters": 0.001,
        "升 公升 立方分米 l dm3 litre litres liter liters": 1,
        "立方米 立方 m3 cubic@metre cubic@metres cubic@meter cubic@meters": 1000,
        "加仑 gallon gallons": 3.785411784,
        "barrel barrels": 158.987294928,
    },
    "area": {
        "平方毫米 mm2": 1e-6,
        "平方厘米 cm2": 1e-4,
        "平方英尺 sqft sq@ft square@feet": 0.09290304,
        "平方米 平米 ㎡ m2 m² sqm square@metre square@metres square@meter square@meters": 1,
        "亩": 666.67,
        "英亩 acre acres": 4046.8564224,
        "公顷 ha hectare hectares": 10_000,
        "平方公里 平方千米 km2 square@kilometres square@kilometers": 1e6,
    },
    "temperature": {"℃ °c 摄氏度 度 degrees degrees@celsius c": 1},
    "fahrenheit": {"℉ °f degrees@fahrenheit": 1},
    "share": {
        "‱": 0.01,
        "‰ permille per@mille per@thousand": 0.1,
        "% percent per@cent pct": 1,
        "成": 10,
    },
    "points": {
        "个基点 基点 bp bps basis@point basis@points": 0.01,
        "个百分点 百分点 percentage@point percentage@points pp": 1,
    },
    "parts": {"ppb": 0.001, "ppm": 1},
    "bytes": {
        "kb 千字节": 1e3,
        "mb 兆 兆字节 megabytes": 1e6,
        "gb gigabytes": 1e9,
        "tb terabytes": 1e12,
    },
    "voltage": {"v 伏 伏特 volt volts": 1, "kv 千伏": 1000},
    "current": {"ma 毫安": 0.001, "a 安 安培 amp amps ampere amperes": 1},
    "power": {"w 瓦 瓦特 watt watts": 1, "kw 千瓦 kilowatt kilowatts": 1000},
    "energy": {"wh 瓦时": 0.001, "kwh 千瓦时 kilowatt-hours": 1, "mwh 兆瓦时": 1000},
    "heat": {
        "j 焦 焦耳 joule joules": 1,
        "kj 千焦": 1e3,
        "cal 卡路里": 4.184,
        "kcal 千卡 大卡": 4184,
    },
    "charge": {"mah 毫安时": 1, "ah 安时": 1000},
    "resistance": {"ω 欧姆 ohm ohms": 1, "kω 千欧": 1e3},
    "loudness": {"db 分贝 decibel decibels": 1},
    "pixels": {"px 像素 pixel pixels": 1},
    "pressure": {"pa": 1, "kpa 千帕": 1e3, "bar 巴": 1e5, "mpa 兆帕": 1e6},
    "frequency": {"hz 赫兹": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9},
    "speed": {"rpm r/min 转/分 转": 1},
    "times": {"倍 times": 1},
}

UNITS: dict[str, tuple[str, float]] = {
    unit.replace("@", " "): (dimension, factor)
    for dimension, scales in _TABLE.items()
    for units, factor in scales.items()
    for unit in units.split()
}
_SIGNS = {
    "yuan": "¥ ￥ 人民币 rmb cny",
    "dollars": "$ us$ usd 美元 美金",
    "hong kong dollars": "hk$ hkd 港币 港元",
    "taiwan dollars": "nt$ twd 新台币 台币",
    "singapore dollars": "s$ sgd",
    "australian dollars": "a$ au$ aud",
    "new zealand dollars": "nz$ nzd",
    "canadian dollars": "c$ ca$ cad",
    "macau patacas": "mop$ 澳门币",
    "euros": "€ eur",
    "pounds": "£ gbp",
    "yen": "jpy jp¥",
    "won": "₩ krw",
    "francs": "chf",
    "roubles": "₽ rub",
    "rupees": "₹ inr",
    "baht": "฿ thb",
    "dong": "₫ vnd",
    "ringgit": "myr",
}
CURRENCY_SIGNS = {sign: name for name, signs in _SIGNS.items() for sign in signs.split()}
# Units that a sign before the amount says which ones they are.
MONEY = frozenset({"元", "块", "块钱", "dollar", "dollars", "圆"})
MULTIPLES = {"百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8} | {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
}
