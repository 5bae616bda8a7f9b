-- Keeps a log line, as it came first. Parameters: id, fence, seq, at, level, message.
insert into logs (id, fence, seq, at, level, message) values (?, ?, ?, ?, ?, ?) on conflict do nothing
