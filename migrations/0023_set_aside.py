"""What was set aside is found at once, however much was received."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0022_figures")]

    initial = False

    operations = [
        ops.RunSQL(
            [
                "CREATE INDEX received_poison ON received_activity (id) "
                "WHERE outcome >= 'poison' AND outcome < 'poisoo' AND applied_at IS NOT NULL"
            ],
            reverse_sql=["DROP INDEX received_poison"],
        ),
    ]
