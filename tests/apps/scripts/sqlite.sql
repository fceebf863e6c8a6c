create table t(id integer primary key, name text, amount real, city text);
.mode csv
.import --skip 1 table.csv t
.mode list
select city, count(*), sum(amount), round(avg(amount), 3) from t group by city order by city;
create index by_city on t(city, amount);
select name from t where city = 'Oslo' and amount > 50 order by amount desc limit 5;
with recursive c(x) as (select 1 union all select x + 1 from c where x < 1000) select sum(x * x), count(*) from c;
select upper(name) || printf('%05.1f', amount), hex('bytes'), length('héllo'), substr('abcdef', 2, 3) from t where id in (1, 20, 60);
begin; update t set amount = amount * 2 where id % 2; rollback; select total(amount) from t;
select name, rank() over (partition by city order by amount) r from t where id < 10 order by name;
