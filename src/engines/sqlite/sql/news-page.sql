-- What there is to decide. Parameters: topic and id after which to go on, limit. Result: topic, id, seq.
-- Index: the primary key of news.
select topic, id, seq from news where (topic, id) > (?, ?) order by topic, id limit ?
