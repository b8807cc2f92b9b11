import sys
from tests.scenarios.test_s1_1_win_back_with_a_product import *
def test_dbg(shop):
    w=shop.segments.why("customer_id:wilma", NAME, now=NOW)
    for p in w.reason.parts: print(p.holds,p.says,p.actual)
    print(shop.crossings.cells())
    c=shop.world.profiles.computed("customer_id:wilma")
    print(c)
    with shop.world.database.autocommit() as cn:
        print(cn.execute("select document from derive_parameters").fetchall()[-1][0]["lifecycle"], cn.execute("select document from derive_parameters").fetchall()[-1][0]["rfm"])
    assert 0
