{{ config(materialized='incremental', unique_key='ride_id') }}

-- Members ride 30 minutes for nothing and pay 0.10 a minute after that; a day pass covers any ride;
-- everybody else pays 1.00 to unlock and 0.20 a minute. Electric bikes cost half as much again.
select
    r.ride_id,
    r.bike_id,
    b.bike_kind,
    r.start_station_id,
    r.end_station_id,
    r.plan,
    r.ride_date,
    r.started_at,
    r.minutes,
    cast(
        (case
            when r.plan = 'day_pass' then 0
            when r.plan = 'member' and r.minutes <= 30 then 0
            when r.plan = 'member' then (r.minutes - 30) * 0.10
            else 1.00 + r.minutes * 0.20
        end)
        * (case when b.bike_kind = 'electric' then 1.5 else 1.0 end)
        as numeric(10, 2)
    ) as price
from {{ ref('stg_rides') }} as r
inner join {{ ref('stg_bikes') }} as b on b.bike_id = r.bike_id
where r.ended_at is not null
{% if is_incremental() %}
    and r.started_at > (select coalesce(max(started_at), timestamp '2000-01-01 00:00:00') from {{ this }})
{% endif %}
