-- A database of 200,000 rows: inserts, indices, joins, windows, updates, deletes, full-text-like scans, integrity.
PRAGMA journal_mode = MEMORY;
CREATE TABLE city(id INTEGER PRIMARY KEY, name TEXT UNIQUE, weight REAL);
INSERT INTO city(name, weight) VALUES ('Oslo', 1.25), ('Lima', 2.5), ('Pune', 0.75), ('Bern', 3.125), ('Riga', 1.0);
CREATE TABLE reading(id INTEGER PRIMARY KEY, city INTEGER REFERENCES city(id), at INTEGER, value REAL, note TEXT);
BEGIN;
WITH RECURSIVE n(i, s) AS (
  SELECT 1, 42 UNION ALL SELECT i + 1, (s * 1103515245 + 12345) % 2147483648 FROM n WHERE i < 200000)
INSERT INTO reading SELECT i, 1 + s / 65536 % 5, 1700000000 + i * 60, (s / 256 % 20001 - 10000) / 8.0, printf('%08x-%s', s, substr('abcdefghijklmnop', 1 + s / 4096 % 10, 5)) FROM n;
COMMIT;
CREATE INDEX reading_city ON reading(city, at);
CREATE INDEX reading_value ON reading(value);
SELECT count(*), min(value), max(value), round(avg(value), 6), total(value) FROM reading;
SELECT name, count(*), sum(value * 8), max(note) FROM reading JOIN city ON city.id = reading.city GROUP BY name ORDER BY name;
SELECT at / 86400 AS day, count(*), round(sum(value * weight), 3) FROM reading JOIN city ON city.id = city GROUP BY day ORDER BY day LIMIT 5 OFFSET 100;
SELECT id, value, rank FROM (SELECT id, value, row_number() OVER (PARTITION BY city ORDER BY value DESC, id) AS rank FROM reading) WHERE rank <= 2 ORDER BY id;
SELECT count(*) FROM reading WHERE note LIKE '%def%' AND value BETWEEN -100 AND 100;
SELECT count(*) FROM reading WHERE note GLOB '[0-4]*[a-e]';
UPDATE reading SET value = value * -2, note = upper(note) WHERE id % 7 = 3;
DELETE FROM reading WHERE city = 4 AND id % 11 < 5;
SELECT count(*), sum(value), sum(length(note)), sum(unicode(substr(note, 3, 1))) FROM reading;
SELECT group_concat(note, ',') FROM (SELECT note FROM reading ORDER BY value, id LIMIT 12 OFFSET 50000);
SELECT hex(CAST(value AS BLOB)), typeof(value), quote(note) FROM reading ORDER BY id DESC LIMIT 3;
PRAGMA integrity_check;
VACUUM;
SELECT page_count * page_size FROM pragma_page_count, pragma_page_size;
