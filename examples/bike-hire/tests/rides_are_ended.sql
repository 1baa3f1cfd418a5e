{{ config(severity='warn') }}

-- A ride that never ended is a bike that may be lost.
select ride_id, bike_id, started_at
from {{ ref('stg_rides') }}
where ended_at is null
