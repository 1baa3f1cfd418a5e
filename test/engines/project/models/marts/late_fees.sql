-- Four weeks are free.
select loan_id, member, case when days > 28 then days - 28 else 0 end as fee
from {{ ref('stg_loans') }}
