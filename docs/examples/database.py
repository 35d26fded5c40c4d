"""
Transactions: one that is committed, and one that is rolled back.

    python database.py
"""

from twisted.enterprise.adbapi import ConnectionPool
from twisted.internet.task import react

pool = ConnectionPool("sqlite3", ":memory:", cp_max=1)


def order(transaction, item, count):
    transaction.execute("insert into orders values (?, ?)", (item, count))
    transaction.execute("update stock set count = count - ? where item = ?", (count, item))
    transaction.execute("select count from stock where item = ?", (item,))
    [(left,)] = transaction.fetchall()
    if left < 0:
        raise ValueError(f"only {left + count} of {item} are left")
    return left


async def main(reactor):
    await pool.runOperation("create table stock (item text, count integer)")
    await pool.runOperation("create table orders (item text, count integer)")
    await pool.runOperation("insert into stock values ('tea', 3)")

    print("left:", await pool.runInteraction(order, "tea", 2))
    try:
        await pool.runInteraction(order, "tea", 2)
    except ValueError as error:
        print("no:", error)
    print("orders:", await pool.runQuery("select * from orders"))


react(main)
