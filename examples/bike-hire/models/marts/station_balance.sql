with departures as (
    select start_station_id as station_id, count(*) as departures
    from {{ ref('rides') }}
    group by start_station_id
),

arrivals as (
    select end_station_id as station_id, count(*) as arrivals
    from {{ ref('rides') }}
    group by end_station_id
)

-- Above zero a station fills up and a van must take bikes away; below zero it runs empty.
select
    s.station_id,
    s.station_name,
    s.district,
    s.docks,
    coalesce(d.departures, 0) as departures,
    coalesce(a.arrivals, 0) as arrivals,
    coalesce(a.arrivals, 0) - coalesce(d.departures, 0) as balance
from {{ ref('stg_stations') }} as s
left join departures as d on d.station_id = s.station_id
left join arrivals as a on a.station_id = s.station_id
