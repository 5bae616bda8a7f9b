-- Makes a queue known. Parameters: queue.
insert into queues (queue) values (?) on conflict do nothing
