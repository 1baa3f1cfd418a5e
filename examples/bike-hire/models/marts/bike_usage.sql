select
    b.bike_id,
    b.frame_number,
    b.bike_kind,
    b.bike_state,
    count(r.ride_id) as rides,
    coalesce(sum(r.minutes), 0) as minutes_ridden,
    coalesce(sum(r.price), 0) as revenue
from {{ ref('stg_bikes') }} as b
left join {{ ref('rides') }} as r on r.bike_id = b.bike_id
group by b.bike_id, b.frame_number, b.bike_kind, b.bike_state
