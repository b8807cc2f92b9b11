from tests.scenarios.test_s0_2_the_good_cause import shop, NAME, NOW
def test_dbg(shop):
    w=shop.segments.why("customer_id:carla", NAME, now=NOW)
    print(w)
    print(shop.crossings.people(f'segment="{NAME}"', limit=1_000))
    print(shop.crossings.cells("segment"))
    print(shop.segments.get(NAME, now=NOW))
    with shop.world.database.autocommit() as cn:
        print(cn.execute("select * from profile_cell where dimension='segment'").fetchall())
        print(cn.execute("select dimension,cell,members,chunk from cell_bitmap").fetchall())
        print(cn.execute("select * from unsegmented_profile").fetchall())
        print(cn.execute("select * from segment_due").fetchall())
    assert 0
