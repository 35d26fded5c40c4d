"""
Wire and text forms of DNS data: bytes ⇄ values ⇄ presentation format, and nothing else.

- `names`: domain names; `fields`: the kinds of fields that record data is made of; `schema` joins
  fields to what reads, writes, shows and parses the data of a record.
- `tokens`: the words of a line of a zone file (RFC 1035 §5.1).  Who parses zone files splits lines
  into `Token`s, and gives those after the type to ``fromTokens`` of the record's class::

      recordClass = twisted.names.dns.recordClass(number)      # RFC 3597 for unknown ones
      record = recordClass.fromTokens(Tokens(tokens), origin, ttl)
      text = record.toText(origin)

  ``origin`` is the name, as bytes, that relative names end with.  What is wrong with a word is
  raised as `tokens.TextError`, which says the column.
- `mnemonics`: names of types, classes, opcodes and response codes.
- `options`: what EDNS options hold.
"""
