//! The leading right singular vectors of a sparse matrix, by randomized subspace iteration (Halko, Martinsson, Tropp:
//! "Finding structure with randomness", 2011, algorithm 4.4).

use nalgebra::{DMatrix, SymmetricEigen};

use super::corpus::Corpus;
use catalog::Cancellation;

/// Directions computed beyond those requested; they absorb what the random start misses.
const OVERSAMPLING: usize = 16;
/// Power iterations: the spectrum of text decays slowly.
const ROUNDS: usize = 4;

/// The leading right singular vectors of the corpus matrix, as rows of shape (terms, dimensions); `None` where it was
/// cancelled.
pub(super) fn right_singular_vectors(
    corpus: &Corpus,
    dimensions: usize,
    cancellation: &Cancellation,
) -> Option<Vec<f32>> {
    let width = (dimensions + OVERSAMPLING).min(corpus.n_rows()).min(corpus.terms.len());
    if dimensions == 0 || width == 0 {
        return Some(Vec::new());
    }
    let mut columns = Dense::random_signs(corpus.terms.len(), width);
    let mut rows = times(corpus, &columns);
    for _ in 0..ROUNDS {
        if cancellation.is_cancelled() {
            return None;
        }
        rows.orthonormalise();
        columns = transposed_times(corpus, &rows);
        rows = times(corpus, &columns);
    }
    rows.orthonormalise();
    columns = transposed_times(corpus, &rows);
    (!cancellation.is_cancelled()).then(|| columns.principal(dimensions))
}

/// A tall dense matrix in row-major order.
struct Dense {
    width: usize,
    cells: Vec<f32>,
}

impl Dense {
    fn zeros(height: usize, width: usize) -> Dense {
        Dense { width, cells: vec![0.0; height * width] }
    }

    /// Random signs from a fixed seed (splitmix64), so that the same files give the same space.
    fn random_signs(height: usize, width: usize) -> Dense {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut sign = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            if mixed >> 63 == 0 { 1.0 } else { -1.0 }
        };
        Dense { width, cells: (0..height * width).map(|_| sign()).collect() }
    }

    fn height(&self) -> usize {
        self.cells.len() / self.width
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.cells[row * self.width..(row + 1) * self.width]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.cells[row * self.width..(row + 1) * self.width]
    }

    /// Replaces the columns by an orthonormal basis of their span.
    fn orthonormalise(&mut self) {
        let matrix = DMatrix::from_row_slice(self.height(), self.width, &self.cells);
        let basis = matrix.qr().q();
        // nalgebra stores columns; the columns of the transpose are the rows.
        self.cells = basis.transpose().as_slice().to_vec();
    }

    /// The left singular vectors of the largest singular values, shape (height, dimensions), from the eigenvectors of the
    /// small Gram matrix.
    fn principal(&self, dimensions: usize) -> Vec<f32> {
        let mut gram = DMatrix::<f64>::zeros(self.width, self.width);
        for row in self.cells.chunks_exact(self.width) {
            for (i, &a) in row.iter().enumerate().filter(|(_, a)| **a != 0.0) {
                for (j, &b) in row[..=i].iter().enumerate() {
                    gram[(i, j)] += f64::from(a) * f64::from(b);
                }
            }
        }
        gram.fill_upper_triangle_with_lower_triangle();
        let eigen = SymmetricEigen::new(gram);
        let mut order: Vec<usize> = (0..self.width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]).then(a.cmp(&b)));
        order.truncate(dimensions);
        let mut rotation = Vec::with_capacity(self.width * dimensions);
        for component in 0..self.width {
            for &direction in &order {
                let value = eigen.eigenvalues[direction].max(0.0).sqrt();
                let part =
                    if value > 1e-9 { eigen.eigenvectors[(component, direction)] / value } else { 0.0 };
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "vectors are stored in single precision"
                )]
                rotation.push(part as f32);
            }
        }
        let mut vectors = vec![0.0; self.height() * dimensions];
        for (row, vector) in vectors.chunks_exact_mut(dimensions).enumerate() {
            for (&factor, rotated) in self.row(row).iter().zip(rotation.chunks_exact(dimensions)) {
                add(vector, factor, rotated);
            }
        }
        vectors
    }
}

/// The product of the corpus matrix and `columns`.
fn times(corpus: &Corpus, columns: &Dense) -> Dense {
    let mut product = Dense::zeros(corpus.n_rows(), columns.width);
    for row in 0..corpus.n_rows() {
        for &(column, weight) in corpus.row(row) {
            add(product.row_mut(row), weight, columns.row(column as usize));
        }
    }
    product
}

/// The product of the transposed corpus matrix and `rows`.
fn transposed_times(corpus: &Corpus, rows: &Dense) -> Dense {
    let mut product = Dense::zeros(corpus.terms.len(), rows.width);
    for row in 0..corpus.n_rows() {
        for &(column, weight) in corpus.row(row) {
            add(product.row_mut(column as usize), weight, rows.row(row));
        }
    }
    product
}

/// Adds `factor · vector` to `sum`.
fn add(sum: &mut [f32], factor: f32, vector: &[f32]) {
    sum.iter_mut().zip(vector).for_each(|(sum, part)| *sum += factor * part);
}
