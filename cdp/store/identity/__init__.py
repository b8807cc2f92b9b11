"""Who is who, in SQL: the graph, links, decisions and what speaks for them."""
