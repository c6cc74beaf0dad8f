"""Who follows whom: asking, answering, what others ask and answer, lists of people."""
