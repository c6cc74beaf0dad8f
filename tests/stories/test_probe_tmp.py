async def test_thread(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana); await fleet.settle()
    await ana.save("https://sqlite.org/", title="SQLite", tags="sql"); await bo.save("https://sqlite.org/"); await fleet.settle()
    assert [e.savers for e in await bo.timeline()] == [["ana@a.example", "bo@b.example"]]
    await ana.edit("https://sqlite.org/", title="x"); await fleet.settle()
    await ana.remove("https://sqlite.org/"); await fleet.wait_for_undo()
    assert [e.savers for e in await bo.timeline()] == [["bo@b.example"]]
    assert (await bo.browser.get("/settings/sessions")).status_code == 200
async def test_inside(server, ana):
    assert (await server.client.get("/")).status_code == 200
