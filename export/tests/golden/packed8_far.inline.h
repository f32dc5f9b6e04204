// Made by emlearn: 1 trees, 3 features, regression, dtype float, leaves value.
// Needs emlearn's C headers on the include path: python -c 'import emlearn; print(emlearn.includedir)'
#ifndef EML_MODEL_golden_H
#define EML_MODEL_golden_H

#include "eml_trees.h"

static const uint32_t golden_values[141] = {
    4244635648u, 4253024256u, 4261412864u, 4269801472u, 4278190080u, 4286578688u, 0u, 8388608u, 16777216u,
    25165824u, 33554432u, 41943040u, 50331648u, 58720256u, 67108864u, 75497472u, 83886080u, 92274688u, 100663296u,
    109051904u, 117440512u, 125829120u, 134217728u, 142606336u, 150994944u, 159383552u, 167772160u, 176160768u,
    184549376u, 192937984u, 201326592u, 209715200u, 218103808u, 226492416u, 234881024u, 243269632u, 251658240u,
    260046848u, 268435456u, 276824064u, 285212672u, 293601280u, 301989888u, 310378496u, 318767104u, 327155712u,
    335544320u, 343932928u, 352321536u, 360710144u, 369098752u, 377487360u, 385875968u, 394264576u, 402653184u,
    411041792u, 419430400u, 427819008u, 436207616u, 444596224u, 452984832u, 461373440u, 469762048u, 478150656u,
    486539264u, 494927872u, 503316480u, 511705088u, 520093696u, 528482304u, 536870912u, 545259520u, 553648128u,
    562036736u, 570425344u, 578813952u, 587202560u, 595591168u, 603979776u, 612368384u, 620756992u, 629145600u,
    637534208u, 645922816u, 654311424u, 662700032u, 671088640u, 679477248u, 687865856u, 696254464u, 704643072u,
    713031680u, 721420288u, 729808896u, 738197504u, 746586112u, 754974720u, 763363328u, 771751936u, 780140544u,
    788529152u, 796917760u, 805306368u, 813694976u, 822083584u, 830472192u, 838860800u, 847249408u, 855638016u,
    864026624u, 872415232u, 880803840u, 889192448u, 897581056u, 905969664u, 914358272u, 922746880u, 931135488u,
    939524096u, 947912704u, 956301312u, 964689920u, 973078528u, 981467136u, 989855744u, 998244352u, 1006632960u,
    1015021568u, 1023410176u, 1031798784u, 1040187392u, 1048576000u, 1056964608u, 1065353216u, 1073741824u,
    1082130432u, 1090519040u, 1098907648u, 1107296256u, 1115684864u, 4236247040u,
};

static inline int32_t golden_value(const float *x, uint32_t feature) {
    return eml_float_key(eml_float_bits(x + feature));
}

static uint32_t golden_tree_0(const float *x) {
    if (golden_value(x, 0) > 1116504065 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 0;
    }
    if (golden_value(x, 1) > 1116504065) {
        return 1;
    }
    if (golden_value(x, 2) > 1116504065) {
        return 2;
    }
    if (golden_value(x, 0) > 1116438529) {
        return 3;
    }
    if (golden_value(x, 1) > 1116438529) {
        return 4;
    }
    if (golden_value(x, 2) > 1116438529 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 5;
    }
    if (golden_value(x, 0) > 1116372993) {
        return 6;
    }
    if (golden_value(x, 1) > 1116372993) {
        return 7;
    }
    if (golden_value(x, 2) > 1116372993) {
        return 8;
    }
    if (golden_value(x, 0) > 1116307457) {
        return 9;
    }
    if (golden_value(x, 1) > 1116307457 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 10;
    }
    if (golden_value(x, 2) > 1116307457) {
        return 11;
    }
    if (golden_value(x, 0) > 1116241921) {
        return 12;
    }
    if (golden_value(x, 1) > 1116241921) {
        return 13;
    }
    if (golden_value(x, 2) > 1116241921) {
        return 14;
    }
    if (golden_value(x, 0) > 1116176385 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 15;
    }
    if (golden_value(x, 1) > 1116176385) {
        return 16;
    }
    if (golden_value(x, 2) > 1116176385) {
        return 17;
    }
    if (golden_value(x, 0) > 1116110849) {
        return 18;
    }
    if (golden_value(x, 1) > 1116110849) {
        return 19;
    }
    if (golden_value(x, 2) > 1116110849 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 20;
    }
    if (golden_value(x, 0) > 1116045313) {
        return 21;
    }
    if (golden_value(x, 1) > 1116045313) {
        return 22;
    }
    if (golden_value(x, 2) > 1116045313) {
        return 23;
    }
    if (golden_value(x, 0) > 1115979777) {
        return 24;
    }
    if (golden_value(x, 1) > 1115979777 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 25;
    }
    if (golden_value(x, 2) > 1115979777) {
        return 26;
    }
    if (golden_value(x, 0) > 1115914241) {
        return 27;
    }
    if (golden_value(x, 1) > 1115914241) {
        return 28;
    }
    if (golden_value(x, 2) > 1115914241) {
        return 29;
    }
    if (golden_value(x, 0) > 1115848705 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 30;
    }
    if (golden_value(x, 1) > 1115848705) {
        return 31;
    }
    if (golden_value(x, 2) > 1115848705) {
        return 32;
    }
    if (golden_value(x, 0) > 1115783169) {
        return 33;
    }
    if (golden_value(x, 1) > 1115783169) {
        return 34;
    }
    if (golden_value(x, 2) > 1115783169 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 35;
    }
    if (golden_value(x, 0) > 1115717633) {
        return 36;
    }
    if (golden_value(x, 1) > 1115717633) {
        return 37;
    }
    if (golden_value(x, 2) > 1115717633) {
        return 38;
    }
    if (golden_value(x, 0) > 1115619329) {
        return 39;
    }
    if (golden_value(x, 1) > 1115619329 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 40;
    }
    if (golden_value(x, 2) > 1115619329) {
        return 41;
    }
    if (golden_value(x, 0) > 1115488257) {
        return 42;
    }
    if (golden_value(x, 1) > 1115488257) {
        return 43;
    }
    if (golden_value(x, 2) > 1115488257) {
        return 44;
    }
    if (golden_value(x, 0) > 1115357185 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 45;
    }
    if (golden_value(x, 1) > 1115357185) {
        return 46;
    }
    if (golden_value(x, 2) > 1115357185) {
        return 47;
    }
    if (golden_value(x, 0) > 1115226113) {
        return 48;
    }
    if (golden_value(x, 1) > 1115226113) {
        return 49;
    }
    if (golden_value(x, 2) > 1115226113 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 50;
    }
    if (golden_value(x, 0) > 1115095041) {
        return 51;
    }
    if (golden_value(x, 1) > 1115095041) {
        return 52;
    }
    if (golden_value(x, 2) > 1115095041) {
        return 53;
    }
    if (golden_value(x, 0) > 1114963969) {
        return 54;
    }
    if (golden_value(x, 1) > 1114963969 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 55;
    }
    if (golden_value(x, 2) > 1114963969) {
        return 56;
    }
    if (golden_value(x, 0) > 1114832897) {
        return 57;
    }
    if (golden_value(x, 1) > 1114832897) {
        return 58;
    }
    if (golden_value(x, 2) > 1114832897) {
        return 59;
    }
    if (golden_value(x, 0) > 1114701825 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 60;
    }
    if (golden_value(x, 1) > 1114701825) {
        return 61;
    }
    if (golden_value(x, 2) > 1114701825) {
        return 62;
    }
    if (golden_value(x, 0) > 1114570753) {
        return 63;
    }
    if (golden_value(x, 1) > 1114570753) {
        return 64;
    }
    if (golden_value(x, 2) > 1114570753 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 65;
    }
    if (golden_value(x, 0) > 1114439681) {
        return 66;
    }
    if (golden_value(x, 1) > 1114439681) {
        return 67;
    }
    if (golden_value(x, 2) > 1114439681) {
        return 68;
    }
    if (golden_value(x, 0) > 1114308609) {
        return 69;
    }
    if (golden_value(x, 1) > 1114308609 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 70;
    }
    if (golden_value(x, 2) > 1114308609) {
        return 71;
    }
    if (golden_value(x, 0) > 1114177537) {
        return 72;
    }
    if (golden_value(x, 1) > 1114177537) {
        return 73;
    }
    if (golden_value(x, 2) > 1114177537) {
        return 74;
    }
    if (golden_value(x, 0) > 1114046465 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 75;
    }
    if (golden_value(x, 1) > 1114046465) {
        return 76;
    }
    if (golden_value(x, 2) > 1114046465) {
        return 77;
    }
    if (golden_value(x, 0) > 1113915393) {
        return 78;
    }
    if (golden_value(x, 1) > 1113915393) {
        return 79;
    }
    if (golden_value(x, 2) > 1113915393 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 80;
    }
    if (golden_value(x, 0) > 1113784321) {
        return 81;
    }
    if (golden_value(x, 1) > 1113784321) {
        return 82;
    }
    if (golden_value(x, 2) > 1113784321) {
        return 83;
    }
    if (golden_value(x, 0) > 1113653249) {
        return 84;
    }
    if (golden_value(x, 1) > 1113653249 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 85;
    }
    if (golden_value(x, 2) > 1113653249) {
        return 86;
    }
    if (golden_value(x, 0) > 1113522177) {
        return 87;
    }
    if (golden_value(x, 1) > 1113522177) {
        return 88;
    }
    if (golden_value(x, 2) > 1113522177) {
        return 89;
    }
    if (golden_value(x, 0) > 1113391105 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 90;
    }
    if (golden_value(x, 1) > 1113391105) {
        return 91;
    }
    if (golden_value(x, 2) > 1113391105) {
        return 92;
    }
    if (golden_value(x, 0) > 1113260033) {
        return 93;
    }
    if (golden_value(x, 1) > 1113260033) {
        return 94;
    }
    if (golden_value(x, 2) > 1113260033 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 95;
    }
    if (golden_value(x, 0) > 1113128961) {
        return 96;
    }
    if (golden_value(x, 1) > 1113128961) {
        return 97;
    }
    if (golden_value(x, 2) > 1113128961) {
        return 98;
    }
    if (golden_value(x, 0) > 1112997889) {
        return 99;
    }
    if (golden_value(x, 1) > 1112997889 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 100;
    }
    if (golden_value(x, 2) > 1112997889) {
        return 101;
    }
    if (golden_value(x, 0) > 1112866817) {
        return 102;
    }
    if (golden_value(x, 1) > 1112866817) {
        return 103;
    }
    if (golden_value(x, 2) > 1112866817) {
        return 104;
    }
    if (golden_value(x, 0) > 1112735745 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 105;
    }
    if (golden_value(x, 1) > 1112735745) {
        return 106;
    }
    if (golden_value(x, 2) > 1112735745) {
        return 107;
    }
    if (golden_value(x, 0) > 1112604673) {
        return 108;
    }
    if (golden_value(x, 1) > 1112604673) {
        return 109;
    }
    if (golden_value(x, 2) > 1112604673 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 110;
    }
    if (golden_value(x, 0) > 1112473601) {
        return 111;
    }
    if (golden_value(x, 1) > 1112473601) {
        return 112;
    }
    if (golden_value(x, 2) > 1112473601) {
        return 113;
    }
    if (golden_value(x, 0) > 1112342529) {
        return 114;
    }
    if (golden_value(x, 1) > 1112342529 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 115;
    }
    if (golden_value(x, 2) > 1112342529) {
        return 116;
    }
    if (golden_value(x, 0) > 1112211457) {
        return 117;
    }
    if (golden_value(x, 1) > 1112211457) {
        return 118;
    }
    if (golden_value(x, 2) > 1112211457) {
        return 119;
    }
    if (golden_value(x, 0) > 1112080385 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 120;
    }
    if (golden_value(x, 1) > 1112080385) {
        return 121;
    }
    if (golden_value(x, 2) > 1112080385) {
        return 122;
    }
    if (golden_value(x, 0) > 1111949313) {
        return 123;
    }
    if (golden_value(x, 1) > 1111949313) {
        return 124;
    }
    if (golden_value(x, 2) > 1111949313 && golden_value(x, 2) <= EML_KEY_INFINITY) {
        return 125;
    }
    if (golden_value(x, 0) > 1111818241) {
        return 126;
    }
    if (golden_value(x, 1) > 1111818241) {
        return 127;
    }
    if (golden_value(x, 2) > 1111818241) {
        return 128;
    }
    if (golden_value(x, 0) > 1111687169) {
        return 129;
    }
    if (golden_value(x, 1) > 1111687169 && golden_value(x, 1) <= EML_KEY_INFINITY) {
        return 130;
    }
    if (golden_value(x, 2) > 1111687169) {
        return 131;
    }
    if (golden_value(x, 0) > 1111556097) {
        return 132;
    }
    if (golden_value(x, 1) > 1111556097) {
        return 133;
    }
    if (golden_value(x, 2) > 1111556097) {
        return 134;
    }
    if (golden_value(x, 0) > 1111425025 && golden_value(x, 0) <= EML_KEY_INFINITY) {
        return 135;
    }
    if (golden_value(x, 1) > 1111425025) {
        return 136;
    }
    if (golden_value(x, 2) > 1111425025) {
        return 137;
    }
    if (golden_value(x, 0) > 1111293953) {
        return 138;
    }
    if (golden_value(x, 1) <= 1111293953) {
        return 140;
    }
    return 139;
}

static uint32_t golden_leaf_of(uint32_t tree, const void *features) {
    static uint32_t (*const trees[1])(const float *) = {
        golden_tree_0,
    };
    return trees[tree]((const float *)features);
}

static const eml_trees_t golden = {
    3, // n_features
    0, // n_classes
    1, // n_trees
    3, // layout
    0, // dtype
    4, // leaf
    1, // feature_bits
    0, // entry
    0, // unused
    0, // n_nodes
    141, // n_leaves
    0, // n_entries
    233, // n_values
    NULL, // nodes
    NULL, // roots
    NULL, // scale
    NULL, // leaf_start
    NULL, // entries
    golden_values, // values
    golden_leaf_of, // leaf_of
};

// The value, or NaN if n_features is wrong. features: [3]
static inline float golden_predict(const float *features, int32_t n_features) {
    const eml_array_t x = { features, (size_t)n_features, EML_FLOAT32 };
    uint64_t sums[1];
    float out;
    eml_float_store(&out, 0x7fc00000u);
    (void)eml_trees_outputs(&golden, &x, sums, &out, 1);
    return out;
}

#endif // EML_MODEL_golden_H
