select
    ride_date,
    count(*) as rides,
    sum(minutes) as minutes_ridden,
    sum(price) as revenue
from {{ ref('rides') }}
group by ride_date
