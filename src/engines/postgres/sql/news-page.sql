-- What there is to decide. Parameters: topic and id after which to go on, limit. Result: topic, id, seq. Index: the
-- primary key of news.
select topic, id, seq from posthaste.news where (topic, id) > ($1::text, $2::text) order by topic, id limit $3
