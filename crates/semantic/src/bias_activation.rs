//! Bias and activation in one pass, on the calling thread.
//!
//! candle would divide additions of more than some ten thousand numbers among threads of its own, which serve one caller at
//! a time: a request would then wait for the passage embedder in the background.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};

/// The function applied to each sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// The identity.
    Linear,
    /// `x · Φ(x)` (Hendrycks, Gimpel, 2016).
    Gelu,
    /// The approximation of it by a hyperbolic tangent.
    GeluTanh,
    /// `max(x, 0)`.
    Relu,
}

/// `activation(rows + other)`, where `other` has the same shape, or is one row that is added to each.
///
/// # Errors
/// The shapes do not match, or a tensor is not of single precision.
pub(super) fn add_activate(rows: &Tensor, other: &Tensor, activation: Activation) -> Result<Tensor> {
    rows.contiguous()?.apply_op2_no_bwd(&other.contiguous()?, &AddActivate(activation))
}

struct AddActivate(Activation);

impl CustomOp2 for AddActivate {
    fn name(&self) -> &'static str {
        "sum"
    }

    fn cpu_fwd(
        &self,
        rows: &CpuStorage,
        rows_layout: &Layout,
        other: &CpuStorage,
        other_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (CpuStorage::F32(rows), CpuStorage::F32(other)) = (rows, other) else {
            bail!("sums are of single precision")
        };
        let (Some((from, to)), Some((other_from, other_to))) =
            (rows_layout.contiguous_offsets(), other_layout.contiguous_offsets())
        else {
            bail!("sums are of numbers that lie role by role")
        };
        let (rows, other) = (&rows[from..to], &other[other_from..other_to]);
        if other.is_empty() || rows.len() % other.len() != 0 {
            bail!("a sum of {} and {} numbers", rows.len(), other.len())
        }
        let mut sums = Vec::with_capacity(rows.len());
        for row in rows.chunks_exact(other.len()) {
            let both = row.iter().zip(other).map(|(a, b)| a + b);
            match self.0 {
                Activation::Linear => sums.extend(both),
                Activation::Gelu => sums.extend(both.map(gelu)),
                Activation::GeluTanh => sums.extend(both.map(gelu_tanh)),
                Activation::Relu => sums.extend(both.map(|x| x.max(0.0))),
            }
        }
        Ok((CpuStorage::F32(sums), rows_layout.shape().clone()))
    }
}

fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

fn gelu_tanh(x: f32) -> f32 {
    let root = (2.0 / std::f32::consts::PI).sqrt();
    0.5 * x * (1.0 + (root * (x + 0.044_715 * x * x * x)).tanh())
}

/// The error function as a quotient of two polynomials, as in Eigen and XLA: accurate to a few units in the last place, and
/// free of branches, so that it vectorises.
fn erf(x: f32) -> f32 {
    const ABOVE: [f32; 7] = [
        -2.726_142_3e-10,
        2.770_681_4e-8,
        -2.101_024e-6,
        -5.692_506_4e-5,
        -7.349_906_3e-4,
        -2.954_6e-3,
        -1.609_603_3e-2,
    ];
    const BELOW: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |of: &[f32]| of.iter().fold(0.0, |sum, part| sum * square + part);
    x * polynomial(&ABOVE) / polynomial(&BELOW)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_error_function_is_what_tables_say() {
        let table = [
            (0.0, 0.0),
            (0.1, 0.112_462_92),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (2.0, 0.995_322_3),
            (9.0, 1.0),
        ];
        for (x, expected) in table {
            assert!((erf(x) - expected).abs() < 1e-6, "{x}: {}", erf(x));
            assert!((erf(-x) + expected).abs() < 1e-6, "-{x}: {}", erf(-x));
        }
        assert!((gelu(1.0) - 0.841_344_7).abs() < 1e-5 && (gelu_tanh(1.0) - 0.841_192).abs() < 1e-5);
    }

    #[test]
    fn rows_are_summed_one_by_one() {
        let rows = Tensor::new(&[[1.0f32, -2.0], [3.0, -4.0]], &Device::Cpu).unwrap();
        let one = Tensor::new(&[1.0f32, 1.0], &Device::Cpu).unwrap();
        let of = |other: &Tensor, activation| {
            add_activate(&rows, other, activation).unwrap().to_vec2::<f32>().unwrap()
        };
        assert_eq!(of(&one, Activation::Linear), [[2.0, -1.0], [4.0, -3.0]]);
        assert_eq!(of(&one, Activation::Relu), [[2.0, 0.0], [4.0, 0.0]]);
        assert_eq!(of(&rows, Activation::Linear), [[2.0, -4.0], [6.0, -8.0]]);
        let three = Tensor::new(&[1.0f32, 1.0, 1.0], &Device::Cpu).unwrap();
        assert!(add_activate(&rows, &three, Activation::Linear).is_err());
    }
}
