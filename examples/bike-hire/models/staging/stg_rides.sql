select
    id as ride_id,
    bike_id,
    start_station_id,
    end_station_id,
    plan,
    started_at,
    ended_at,
    cast(started_at as date) as ride_date,
    cast(extract(epoch from (ended_at - started_at)) / 60 as integer) as minutes
from {{ ref('raw_rides') }}
