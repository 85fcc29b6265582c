//! Suspending and reinstating a supplier.

use events::{resource::SupplierResource, supplier::Supplier, values::SupplierId};

use super::SupplierCommand;
use crate::domain::{Answer, Command, Concerns, Stop, Unit, access};

/// It may not sell until reinstated; ADMIN only.
#[derive(Clone, Debug)]
pub struct SuspendSupplier {
    /// Which.
    pub supplier_id: SupplierId,
    /// Why.
    pub reason: Option<String>,
}

/// It may sell again; ADMIN only.
#[derive(Clone, Debug)]
pub struct ReinstateSupplier {
    /// Which.
    pub supplier_id: SupplierId,
}

impl Command for SuspendSupplier {
    fn operation(&self) -> &'static str {
        "suspend_supplier"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        change(unit, self.supplier_id, SupplierCommand::Suspend { reason: self.reason.clone() })
    }
}

impl Command for ReinstateSupplier {
    fn operation(&self) -> &'static str {
        "reinstate_supplier"
    }

    fn decide(&self, unit: &mut Unit<'_>) -> Result<Answer, Stop> {
        change(unit, self.supplier_id, SupplierCommand::Reinstate)
    }
}

fn change(unit: &mut Unit<'_>, id: SupplierId, command: SupplierCommand) -> Result<Answer, Stop> {
    access::admin(unit)?;
    let supplier = unit.existing::<Supplier>("supplier", id)?;
    unit.match_revision(supplier.revision)?;
    let supplier = unit.decide::<Supplier>(id, Concerns::supplier(id), command)?;
    Ok(Answer::ok(&SupplierResource::of(id, &supplier), supplier.revision))
}
