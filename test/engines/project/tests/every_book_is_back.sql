{{ config(severity='warn') }}

select loan_id
from {{ ref('stg_loans') }}
where days is null
